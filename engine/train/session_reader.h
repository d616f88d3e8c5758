// SPDX-License-Identifier: Apache-2.0
// Answers the commands that only read, on a thread of its own, so that none of them waits for training.
#pragma once
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/train/session_emit.h"

namespace moe::train {

class StoreReader {
 public:
  /// `step`: finished steps now, for replies.
  StoreReader(const Emitter& emit, std::function<std::int64_t()> step);
  ~StoreReader();  // answers what waits, then joins

  /// hello, history, at, export, and a sheet that needs no open run. `name` is the command's.
  static bool takes(const std::string& name, const Json& command);
  void submit(const Json& id, const Json& command);
  /// The store to read from; empty: no run is open.
  void set_store(const std::filesystem::path& file);
  bool idle() const;
  /// Called after each answer.
  void on_answer(std::function<void()> callback) { answered_ = std::move(callback); }

 private:
  struct Request {
    Json id, command;
  };
  void work();
  OrderedJson answer(const Json& command);

  const Emitter& emit_;
  const std::function<std::int64_t()> step_;
  std::function<void()> answered_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Request> queue_;
  std::filesystem::path store_;
  bool busy_ = false, closing_ = false;
  std::thread thread_;
};

/// Result of `hello`: versions, device, knobs, presets, sheets.
OrderedJson hello();

}  // namespace moe::train
