// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/train/session_impl.h"

namespace moe::train {
namespace {

constexpr std::size_t kMaxWaiting = 8192;     // commands; a sender that floods gets a refusal instead
constexpr double kProgressSeconds = 0.1;      // between progress events of one stage
constexpr double kSingleStepAutosave = 30.0;  // stepping by hand does not save at every press

bool ends_preparation(const Json& command) {
  const auto name = command.value("cmd", std::string());
  return name == "stop" || name == "shutdown";
}

Error not_a_command(const std::string& what) {
  return {ErrorKind::usage, what, "", R"({"id": 1, "cmd": "hello"})",
          "Send one JSON object per line with an id and a cmd"};
}

}  // namespace

const char* name_of(State state) {
  constexpr const char* kNames[] = {"empty", "preparing", "paused", "running", "finished", "failed"};
  return kNames[static_cast<int>(state)];
}

Session::Session(Sink sink) : impl_(std::make_unique<Impl>(std::move(sink))) {}
Session::~Session() = default;
void Session::submit(const nlohmann::json& command) { impl_->submit(command); }
void Session::wait_until_idle() { impl_->wait_until_idle(); }
void Session::drain() { impl_->drain(); }

Session::Impl::Impl(Sink sink) : emit_(std::move(sink)), reader_(emit_, [this] { return step_.load(); }) {
  reader_.on_answer([this] {
    const std::lock_guard lock(mutex_);
    idle_.notify_all();
  });
  thread_ = std::thread([this] { work(); });
}

Session::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Session::Impl::submit(const Json& command) {
  const auto refuse = [&](const Json& id, const Error& error) {
    emit_.refuse(id, step_, describe(std::make_exception_ptr(error)));
  };
  if (!command.is_object()) return refuse(nullptr, not_a_command("The line is not an object"));
  const Json id = command.value("id", Json());
  if (!id.is_number()) return refuse(nullptr, not_a_command("The command has no id, which is a number"));
  const auto name = command.find("cmd");
  if (name == command.end() || !name->is_string()) return refuse(id, not_a_command("The command has no name in cmd"));
  if (StoreReader::takes(name->get_ref<const std::string&>(), command)) return reader_.submit(id, command);
  {
    const std::lock_guard lock(mutex_);
    if (!closing_ && queue_.size() < kMaxWaiting) {
      queue_.push_back(command);
      wake_.notify_all();
      return;
    }
  }
  refuse(id, {ErrorKind::resource, "Too many commands wait", "", "at most " + std::to_string(kMaxWaiting),
              "Wait for replies before sending more"});
}

void Session::Impl::wait_until_idle() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock,
             [this] { return queue_.empty() && !busy_ && state_ != State::running && state_ != State::preparing; });
}

void Session::Impl::drain() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return queue_.empty() && !busy_ && reader_.idle(); });
}

void Session::Impl::set_state(State state) {
  {
    const std::lock_guard lock(mutex_);
    state_ = state;
  }
  OrderedJson body = {{"state", name_of(state)}, {"step", step_.load()}, {"until", nullptr}};
  if (run_) body["until"] = target();
  emit_.event("state", std::move(body));
}

void Session::Impl::work() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      busy_ = false;
      idle_.notify_all();
      if (state_ != State::running) wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (closing_ && queue_.empty()) break;
      batch_.swap(queue_);
      busy_ = !batch_.empty();
    }
    execute_batch();
    if (state_ == State::running && keep_pace()) advance();
    if (run_) painter_.offer(run_->trainer(), run_->data(), state_ == State::running);
  }
  painter_.forget();
  try {
    if (run_ && state_ != State::failed && run_->unsaved()) run_->checkpoint();
  } catch (...) {
    emit_.event("error", protocol::to_json(describe(std::current_exception(), run_->safe_step())));
  }
  run_.reset();
}

void Session::Impl::execute_batch() {
  while (!batch_.empty()) {
    if (batch_.front().at("cmd") == "set") {
      execute_sets();
    } else {
      const Json command = std::move(batch_.front());
      batch_.pop_front();
      execute(command);
    }
  }
}

void Session::Impl::advance() {
  try {
    if (run_->step_count() < target()) run_->step();
    step_ = run_->step_count();
    if (step_ < target()) return;
    settle(single_steps_);
    set_state(step_ >= run_->horizon() ? State::finished : State::paused);
  } catch (...) {
    trouble(std::current_exception());
  }
}

// A run that stands still is complete on the disk, and its pictures show this very step.
void Session::Impl::settle(bool single_steps) {
  run_->send_held_step();
  if (!single_steps) run_->evaluate_if_stale();
  run_->probe_if_stale();
  run_->commit();
  run_->checkpoint_if_older(single_steps ? kSingleStepAutosave : 0);
  run_->end_train_only();
}

// A full disk pauses: the run goes on once there is space. Everything else needs a decision.
void Session::Impl::trouble(const std::exception_ptr& error) {
  const protocol::ErrorInfo info = describe(error, run_->safe_step());
  step_ = run_->step_count();
  try {
    run_->log_event("error", {{"kind", info.kind}, {"message", info.message}});
    run_->commit();
  } catch (const std::exception&) {  // the disk is what failed; the event waits in memory with the other rows
  }
  emit_.event("error", protocol::to_json(info));
  set_state(kind_of(info) == ErrorKind::resource ? State::paused : State::failed);
}

bool Session::Impl::keep_preparing(const data::Progress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (progress.stage != stage_ || std::chrono::duration<double>(now - last_progress_).count() >= kProgressSeconds) {
    stage_ = progress.stage;
    last_progress_ = now;
    emit_.progress({{"stage", progress.stage},
                    {"done", progress.done},
                    {"total", progress.total},
                    {"documents", progress.documents}});
  }
  const std::lock_guard lock(mutex_);
  return !closing_ && std::none_of(queue_.begin(), queue_.end(), ends_preparation) &&
         std::none_of(batch_.begin(), batch_.end(), ends_preparation);
}

}  // namespace moe::train
