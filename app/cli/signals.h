// SPDX-License-Identifier: Apache-2.0
// SIGINT, SIGTERM and SIGHUP as an event: the first one calls back, so that the run can be saved; a second one ends the
// program at once.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

namespace moe::cli {

class SignalWatcher {
 public:
  /// Make it before any other thread, which then inherits the blocked signals.
  SignalWatcher();
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  /// The signal that was caught, 0 while none was.
  int caught() const { return caught_; }
  /// Runs on the watcher's thread at the first signal, or now when it was caught already. An empty one takes the
  /// callback back; after that it neither runs nor begins to run.
  void on_signal(std::function<void()> callback);
  /// Becomes readable when a signal was caught: for poll(2).
  int descriptor() const { return event_; }

 private:
  void watch();
  std::atomic<int> caught_{0};
  std::mutex mutex_;
  std::function<void()> callback_;
  int signals_ = -1, event_ = -1, stop_ = -1;
  std::thread thread_;
};

}  // namespace moe::cli
