// SPDX-License-Identifier: Apache-2.0
// What happens at a step boundary; session_open.cpp builds and opens runs.
#include "engine/train/session_run.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/live_change.h"
#include "engine/train/session_model.h"

namespace moe::train {
namespace {

constexpr int kCommitSteps = 100;
constexpr double kCommitSeconds = 0.5;
constexpr double kAutosaveAge = 30.0, kAutosaveCost = 1.0;  // seconds: when a live change saves first
constexpr double kGuessedBytesPerSecond = 100e6;            // of a checkpoint, until one was measured

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

OrderedJson revival_json(std::int64_t step, const std::string& expert) {
  return protocol::to_json(protocol::EditEvent{step, "experts.revive", "", expert, "by itself: it was dead"});
}

std::string dump(const OrderedJson& json) { return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace); }

}  // namespace

void Run::step() {
  apply_due_edits();
  trainer_->step(report_);
  tokens_ = report_.tokens;
  store_->append(report_);
  emit_step();
  log_revivals();
  const std::int64_t step = step_count();
  const TrainConfig& train = trainer_->config().train;
  if (train.eval_every > 0 && step % train.eval_every == 0) evaluate();
  if (prober_ && prober_->due(step, train.probe_every)) probe();
  if (train.checkpoint_every > 0 && step % train.checkpoint_every == 0) checkpoint();
  if (++uncommitted_ >= kCommitSteps || seconds_since(last_commit_) >= kCommitSeconds) commit();
}

// Not edits: a replay makes them again by itself.
void Run::log_revivals() {
  for (const LayerReport& layer : report_.layers)
    for (const int expert : layer.revived) {
      const std::string name = expert_name({layer.layer, expert});
      log_event("revive", {{"expert", name}});
      emit_.event("edit", revival_json(step_count(), name));
    }
}

void Run::emit_step() {
  step_held_ = step_gap_ > 0 && seconds_since(last_step_event_) < step_gap_;
  if (step_held_) return;
  if (step_gap_ > 0) last_step_event_ = Clock::now();
  emit_.step(report_);
}

void Run::send_held_step() {
  if (step_held_) emit_.step(report_);
  step_held_ = false;
}

void Run::commit() {
  store_->commit();
  uncommitted_ = 0;
  last_commit_ = Clock::now();
}

void Run::evaluate() {
  const EvalReport report = trainer_->evaluate(trainer_->config().train.eval_windows);
  last_eval_ = report.step;
  store_->append(report);
  emit_.event("eval", protocol::to_json(report));
}

void Run::evaluate_if_stale() {
  if (trainer_->config().train.eval_every > 0 && last_eval_ != step_count()) evaluate();
}

void Run::probe() {
  if (!prober_) return;
  OrderedJson report = protocol::to_json(prober_->measure(*trainer_));
  store_->append_probe(step_count(), dump(report));
  emit_.probe(std::move(report));
}

void Run::probe_if_stale() {
  if (prober_ && trainer_->config().train.probe_every > 0 && prober_->last_step() != step_count()) probe();
}

Saved Run::checkpoint() {
  commit();  // the store is never behind a checkpoint
  const auto start = Clock::now();
  Saved saved{save_trainer(*trainer_, *data_, folder_, tokens_, applied_edits_), 0};
  saved.seconds = checkpoint_seconds_ = seconds_since(start);
  last_checkpoint_ = Clock::now();
  safe_step_ = saved.info.step;
  try {
    run::prune_checkpoints(folder_.checkpoints(), trainer_->config().train.keep_checkpoints);
  } catch (const Error& error) {  // an old checkpoint that stays costs space, no more
    log_event("prune", {{"message", error.what()}});
  }
  log_event("checkpoint", {{"seconds", saved.seconds}});
  emit_.event("checkpoint",
              {{"step", saved.info.step}, {"path", saved.info.path.string()}, {"seconds", saved.seconds}});
  return saved;
}

void Run::checkpoint_if_older(double seconds) {
  if (unsaved() && seconds_since(last_checkpoint_) >= seconds) checkpoint();
}

double Run::checkpoint_cost() const {
  if (checkpoint_seconds_ >= 0) return checkpoint_seconds_;
  return 12.0 * static_cast<double>(facts_.parameters) / kGuessedBytesPerSecond;  // weight and two moments, float32
}

void Run::log_event(const std::string& kind, const nlohmann::json& detail) {
  store_->append_event(step_count(), kind, detail);
}

// ---- edits ----------------------------------------------------------------------------------------------------

protocol::EditEvent Run::apply_logged(const run::Edit& edit) {
  protocol::EditEvent event{edit.step, edit.key, edit.before, edit.after, trainer_->apply(edit.key, edit.after)};
  ++applied_edits_;
  emit_.event("edit", protocol::to_json(event));
  return event;
}

protocol::EditEvent Run::log_and_apply(const std::string& key, const std::string& value) {
  trainer_->check(key, value);
  const Config& now = trainer_->config();
  const std::string after = find_action(key) ? value : value_text(with_live_change(now, key, value), key);
  const run::Edit edit{step_count(), key, value_text(now, key), after};
  if (edit.before == edit.after) return {edit.step, edit.key, edit.before, edit.after, {}};
  store_->append(edit);  // durable before it acts
  return apply_logged(edit);
}

// Logged edits first, then scheduled ones, then the user's: the order they are logged in, so also that of a replay.
void Run::apply_due_edits() {
  const std::int64_t step = step_count();
  while (!replay_.empty() && replay_.front().step <= step) {
    apply_logged(replay_.front());
    replay_.erase(replay_.begin());
  }
  while (!schedule_.empty() && schedule_.front().step <= step) {
    log_and_apply(schedule_.front().key, schedule_.front().value);
    schedule_.erase(schedule_.begin());
  }
}

void Run::train_only(const std::string& only, std::int64_t count) {
  apply_due_edits();
  const std::string before = value_text(trainer_->config(), "train.only");
  if (before == only) return;
  const ScheduledEdit end{step_count() + count, "train.only", before};
  schedule_.insert(std::upper_bound(schedule_.begin(), schedule_.end(), end,
                                    [](const auto& a, const auto& b) { return a.step < b.step; }),
                   end);
  store_->set_meta("scheduled", schedule_json(schedule_));
  edit("train.only", only);
}

void Run::end_train_only() {
  if (!schedule_.empty() && schedule_.front().key == "train.only" && schedule_.front().step <= step_count())
    apply_due_edits();
}

protocol::EditEvent Run::edit(const std::string& key, const std::string& value) {
  trainer_->check(key, value);
  apply_due_edits();
  if (checkpoint_cost() < kAutosaveCost) checkpoint_if_older(kAutosaveAge);
  return log_and_apply(key, value);
}

// ---- facts ----------------------------------------------------------------------------------------------------

protocol::RunInfo Run::info() const {
  protocol::RunInfo info = facts_;
  const Config& config = trainer_->config();
  info.step = step_count();
  info.horizon = config.train.steps;
  info.top_k = config.router.top_k;
  info.active_parameters = trainer_->active_parameter_count();
  info.flops_per_token = trainer_->flops_per_token();
  info.config = to_json(config);
  for (const auto& checkpoint : run::list_checkpoints(folder_.checkpoints(), false))
    if (checkpoint.valid) info.checkpoints.push_back(checkpoint.step);
  info.probes = store_->probe_steps();
  return info;
}

void Run::announce() {
  for (const run::Edit& edit : store_->edits())
    if (edit.step <= step_count())
      emit_.event("edit", protocol::to_json(protocol::EditEvent{edit.step, edit.key, edit.before, edit.after, {}}));
  for (const run::Store::Event& event : store_->events())
    if (event.kind == "revive" && event.step <= step_count())
      emit_.event("edit", revival_json(event.step, event.detail.value("expert", "")));
  for (const EvalReport& eval : store_->evals()) {
    emit_.event("eval", protocol::to_json(eval));
    last_eval_ = eval.step;
  }
  const auto stored = store_->probe_at(step_count());
  if (stored) emit_.probe(OrderedJson::parse(stored->second));
  if (trainer_->config().train.probe_every > 0 && (!stored || stored->first != step_count())) probe();
  if (step_count() == 0) evaluate_if_stale();
  commit();
}

}  // namespace moe::train
