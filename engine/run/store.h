// SPDX-License-Identifier: Apache-2.0
// metrics.sqlite of a run: config, edit log, per-step scalars and layer × expert counts, evaluations, probes, events.
// One writer (the session's thread); any number of readers, in this or another process (WAL). A Store belongs to one
// thread at a time; reads see what has been committed. Every failure is an Error: resource for a full or read-only
// disk, bad_input for a torn file (its message says what is safe).
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/protocol/telemetry.h"

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
  void append_event(std::int64_t step, const std::string& kind,
                    const nlohmann::json& detail);  // pauses, errors, checkpoints
  /// Writes what was appended in one transaction. When it fails, nothing is lost: the next commit() tries it all again.
  void commit();
  /// Forgets everything after `step` (a resume from an older checkpoint trains it again). Edits after it are kept
  /// when `keep_edits`: they are replayed.
  void truncate_after(std::int64_t step, bool keep_edits);

  std::int64_t last_step() const;
  /// Steps in [from, to]; when there are more than `max_rows`, every n-th so that at most that many come back
  /// (the stride is a power of two anchored at step 0, so the same steps come back at every zoom).
  std::vector<train::StepReport> steps(std::int64_t from, std::int64_t to, std::size_t max_rows) const;
  /// Loads and masses summed over (from, to]: for windows of the routing map at a past step. balance_loss, z_loss and
  /// token_entropy are means over its steps, dead counts experts without a token in all of it; what derives from the
  /// loads (entropy, load_cv, max_violation) is absent: routing::load_stats gives it.
  std::vector<train::LayerReport> window(std::int64_t from, std::int64_t to) const;
  std::vector<Edit> edits() const;
  std::vector<train::EvalReport> evals() const;
  /// The newest probe at or before `step`: its step and JSON.
  std::optional<std::pair<std::int64_t, std::string>> probe_at(std::int64_t step) const;
  std::vector<std::int64_t> probe_steps() const;
  struct Event {
    std::int64_t step;
    double unix_time;
    std::string kind;
    nlohmann::json detail;
  };
  std::vector<Event> events() const;
  /// Reads the whole file. Throws Error(bad_input) when a page, an index or a blob is torn.
  void verify() const;

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl>);
  std::unique_ptr<Impl> impl_;
};

}  // namespace moe::run
