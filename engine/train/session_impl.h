// SPDX-License-Identifier: Apache-2.0
// Inside of Session: session.cpp has the threads and the queue, session_commands.cpp what each command does.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/train/cadence.h"
#include "engine/train/session.h"
#include "engine/train/session_painter.h"
#include "engine/train/session_reader.h"
#include "engine/train/session_run.h"

namespace moe::train {

enum class State { empty, preparing, paused, running, finished, failed };
const char* name_of(State state);

struct Session::Impl {
  explicit Impl(Sink sink);
  ~Impl();

  // ---- any thread (session.cpp) --------------------------------------------------------------------------------
  void submit(const Json& command);
  void wait_until_idle();
  void drain();

  // ---- the worker (session.cpp) --------------------------------------------------------------------------------
  void work();
  void execute_batch();
  void advance();
  void settle(bool single_steps);
  void trouble(const std::exception_ptr& error);
  void set_state(State state);
  bool keep_preparing(const data::Progress& progress);
  std::int64_t target() const { return until_ ? *until_ : run_->horizon(); }

  // ---- commands (session_commands.cpp) --------------------------------------------------------------------------
  void execute(const Json& command);
  void answer(const std::string& name, const Json& command);
  void execute_sets();
  void start_new(const Json& command);
  void open(const Json& command);
  void open_read_only(const std::filesystem::path& path, const Json& id);
  void opened(const Json& id, const Json& command);
  void go(std::optional<std::int64_t> until, bool single_steps);
  void pause(const Json& id);
  OrderedJson stop(bool keep);
  OrderedJson inspect(const Json& command) const;
  OrderedJson sample(const Json& command) const;
  Run& open_run() const;

  // ---- commands of the plane (session_plane.cpp) ----------------------------------------------------------------
  std::optional<OrderedJson> answer_plane(const std::string& name, const Json& command);  // empty: not one of them
  OrderedJson watch(const Json& command);
  OrderedJson stages(const Json& command);
  bool keep_pace();  // false: a command has come before the next step's time

  void reply(const Json& id, OrderedJson result) const { emit_.reply(id, step_.load(), std::move(result)); }

  const Emitter emit_;
  std::atomic<std::int64_t> step_{0};

  mutable std::mutex mutex_;  // queue_, busy_, closing_, state_
  std::condition_variable wake_, idle_;
  StoreReader reader_;  // after the two above: while it goes, it still answers what waits and tells them
  std::deque<Json> queue_;
  bool busy_ = false, closing_ = false;
  State state_ = State::empty;

  // The worker's own.
  std::deque<Json> batch_;
  std::unique_ptr<Run> run_;
  std::optional<std::int64_t> until_;
  bool single_steps_ = false, read_only_ = false;
  double pace_ = 0;     // most steps a second; 0: as many as the machine does
  Cadence cadence_;     // of steps at a pace
  double step_hz_ = 0;  // most step events a second; 0: all of them
  PlanePainter painter_{emit_};
  std::string stage_;
  std::chrono::steady_clock::time_point last_progress_{};

  std::thread thread_;
};

}  // namespace moe::train
