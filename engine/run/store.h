// SPDX-License-Identifier: Apache-2.0
// metrics.sqlite of a run: config, edit log, per-step scalars and layer × expert counts, evaluations, probes, events.
// One writer (the session's thread); any number of readers, in this or another process (WAL).
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/train/telemetry.h"

namespace moe::run {

/// One live change; the log that makes a run a pure function of (config, seed, edits).
struct Edit {
  std::int64_t step = 0;  // applied after this many finished steps
  std::string key, before, after;
};

class Store {
 public:
  /// Opens for writing, creating the file when missing. Throws Error(resource | bad_input).
  static Store create(const std::filesystem::path& file);
  /// Opens read-only; works while another process writes.
  static Store open_read_only(const std::filesystem::path& file);

  void set_meta(const std::string& key, const nlohmann::json& value);  // "config", "seed", "parent", "versions" ...
  std::optional<nlohmann::json> meta(const std::string& key) const;

  void append(const train::StepReport& report);  // buffered; on disk after commit()
  void append(const Edit& edit);                 // durable at once: it decides what a resume replays
  void append(const train::EvalReport& report);
  void append_probe(std::int64_t step, const std::string& json);
  void append_event(std::int64_t step, const std::string& kind, const nlohmann::json& detail);  // pauses, errors, checkpoints
  void commit();
  /// Forgets everything after `step` (a resume from an older checkpoint trains it again). Edits after it are kept
  /// when `keep_edits`: they are replayed.
  void truncate_after(std::int64_t step, bool keep_edits);

  std::int64_t last_step() const;
  /// Steps in [from, to]; when there are more than `max_rows`, every n-th so that at most that many come back
  /// (the stride is a power of two anchored at step 0, so the same steps come back at every zoom).
  std::vector<train::StepReport> steps(std::int64_t from, std::int64_t to, std::size_t max_rows) const;
  /// Loads summed over (from, to]: for windows of the routing map at a past step.
  std::vector<train::LayerReport> window(std::int64_t from, std::int64_t to) const;
  std::vector<Edit> edits() const;
  std::vector<train::EvalReport> evals() const;
  /// The newest probe at or before `step`: its step and JSON.
  std::optional<std::pair<std::int64_t, std::string>> probe_at(std::int64_t step) const;
  std::vector<std::int64_t> probe_steps() const;
  struct Event { std::int64_t step; double unix_time; std::string kind; nlohmann::json detail; };
  std::vector<Event> events() const;

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace moe::run
