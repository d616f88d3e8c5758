// SPDX-License-Identifier: Apache-2.0
// A fixed set of threads for loops of independent tasks. The tasks, not the threads, are the unit of partition: a
// caller that cuts its work the same way every time gets the same bits whatever the number of threads.
#pragma once
#include <atomic>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

#include "engine/core/function_ref.h"

namespace moe {

class ThreadPool {
 public:
  /// `threads` counts the calling thread; 0 = all cores. `on_start` runs once in every thread the pool makes.
  explicit ThreadPool(int threads, void (*on_start)() = nullptr);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// Calls fn(0) … fn(tasks − 1), each once, in any order and on any thread; returns when all are done. Allocates
  /// nothing. The first exception is rethrown here; tasks not begun by then are skipped. A call from inside a task runs
  /// inline. One caller at a time: a pool belongs to one backend, a backend to one thread.
  void parallel_for(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn);

  /// Index of the current thread in its pool, 0 … threads() − 1; 0 in a thread that calls parallel_for. For scratch.
  static int slot();

 private:
  void work(int slot, void (*on_start)());
  bool join(std::uint32_t& seen);
  void run_tasks();

  // state_ = generation << 32 | open bit | number of workers inside the job. Workers that wake up late never join a
  // closed job, so the caller waits only for those that did.
  static constexpr std::uint64_t kOpen = 1u << 31;
  std::atomic<std::uint64_t> state_{0};
  std::atomic<std::uint32_t> wake_{0};
  std::atomic<std::int64_t> next_{0};
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  std::int64_t tasks_ = 0;
  FunctionRef<void(std::int64_t)> fn_;
  std::exception_ptr error_;
  std::vector<std::thread> workers_;
};

}  // namespace moe
