// SPDX-License-Identifier: Apache-2.0
// One open run: folder, lock, store, data and trainer, and everything that is due at a step boundary. Used by the
// session's thread alone.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/protocol/messages.h"
#include "engine/run/checkpoint.h"
#include "engine/run/run_folder.h"
#include "engine/run/store.h"
#include "engine/train/session_emit.h"
#include "engine/train/session_probe.h"
#include "engine/train/session_setup.h"
#include "engine/train/trainer.h"

namespace moe::train {

struct NewRun {
  Config config;
  std::filesystem::path folder;  // empty: the default place
  std::vector<ScheduledEdit> schedule;
  std::string drawing;  // of data.points = drawing: CSV of x, y, label or value on the canvas
};

struct OpenRun {
  std::filesystem::path folder;
  nlohmann::json schedule;    // as in the command; checked against the settings at the step that is resumed
  int threads = -1;           // −1: as recorded
  std::string device;         // empty: as recorded
  bool forget_edits = false;  // drop the logged edits after the checkpoint instead of replaying them
};

struct Saved {
  run::CheckpointInfo info;
  double seconds = 0;
};

class Run {
 public:
  /// Makes the folder and everything in it. A failed or cancelled start leaves no folder behind.
  static std::unique_ptr<Run> create(const NewRun& request, const Emitter& emit, const data::ProgressFn& progress);
  /// Goes back to the newest checkpoint that can be read and forgets what was measured after it; edits stay logged and
  /// are replayed at their steps, so the training that follows has the bits of an uninterrupted one.
  static std::unique_ptr<Run> open(const OpenRun& request, const Emitter& emit, const data::ProgressFn& progress);
  ~Run();

  const std::filesystem::path& path() const { return folder_.path; }
  std::filesystem::path store_file() const { return folder_.store(); }
  std::int64_t step_count() const { return trainer_->step_count(); }
  std::int64_t horizon() const { return trainer_->config().train.steps; }
  std::int64_t safe_step() const { return safe_step_; }
  bool unsaved() const { return safe_step_ != step_count(); }
  bool created_here() const { return created_here_; }
  const Trainer& trainer() const { return *trainer_; }
  const data::TaskData& data() const { return *data_; }
  protocol::RunInfo info() const;

  /// Sends what a reader that has just opened the run has missed: edits, evaluations, the newest probe.
  void announce();
  /// Replays and scheduled edits of this step, one optimizer step, then the evaluation, probe and checkpoint that are
  /// due.
  void step();
  /// Logs a live change, then applies it. Nothing is logged when the value is already in force.
  protocol::EditEvent edit(const std::string& key, const std::string& value);
  /// Throws what Trainer::check throws.
  void check(const std::string& key, const std::string& value) const { trainer_->check(key, value); }
  /// The next `count` steps change only the router's or only the experts' parameters. Both the change and its end are
  /// edits of train.only: logged, replayed, and the end is on the disk before the first step.
  void train_only(const std::string& only, std::int64_t count);
  /// Takes the end of train_only into force when it has come, so that a run that stands shows it.
  void end_train_only();
  /// Applies the edits that wait for this step.
  void apply_due_edits();
  /// At most `hz` step events a second; 0: one for each step.
  void set_step_events(double hz) { step_gap_ = hz > 0 ? 1 / hz : 0; }
  /// The event of the newest step, when it was held back.
  void send_held_step();
  const StepReport& last_report() const { return report_; }
  Saved checkpoint();
  /// Saves if a step was made since the last checkpoint and it is older than `seconds`.
  void checkpoint_if_older(double seconds);
  void probe();
  void probe_if_stale();
  /// Measures the held-out loss of this step unless that was done, or evaluation is switched off.
  void evaluate_if_stale();
  void commit();
  void log_event(const std::string& kind, const nlohmann::json& detail);
  /// Closes the run and deletes its folder.
  static void discard(std::unique_ptr<Run> run);

 private:
  using Clock = std::chrono::steady_clock;
  Run(run::RunFolder folder, run::Lock lock, const Emitter& emit);
  void resume(const OpenRun& request, const data::ProgressFn& progress);
  void record(Config config);
  void complete_record(const Config& config);
  void merge_schedule(const std::vector<ScheduledEdit>& more, const std::vector<run::Edit>& logged);
  void emit_step();
  protocol::EditEvent apply_logged(const run::Edit& edit);
  protocol::EditEvent log_and_apply(const std::string& key, const std::string& value);
  void log_revivals();
  void evaluate();
  void measure_facts();
  double checkpoint_cost() const;

  run::RunFolder folder_;
  std::optional<run::Lock> lock_;
  const Emitter& emit_;
  std::optional<run::Store> store_;
  std::unique_ptr<data::TaskData> data_;
  std::unique_ptr<Trainer> trainer_;
  std::unique_ptr<Prober> prober_;

  std::vector<run::Edit> replay_;        // logged edits not yet reached, by step
  std::vector<ScheduledEdit> schedule_;  // not yet logged, by step
  protocol::RunInfo facts_;              // what does not change while the run is open
  std::size_t applied_edits_ = 0;        // of the log, in its order
  std::int64_t safe_step_ = -1, last_eval_ = -1, tokens_ = 0;
  int uncommitted_ = 0;
  double checkpoint_seconds_ = -1;  // of the last one; negative = none yet
  Clock::time_point last_checkpoint_ = Clock::now(), last_commit_ = Clock::now();
  bool created_here_ = false;
  double step_gap_ = 0;  // seconds between step events
  bool step_held_ = false;
  Clock::time_point last_step_event_{};
  StepReport report_;
};

}  // namespace moe::train
