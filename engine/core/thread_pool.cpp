// SPDX-License-Identifier: Apache-2.0
#include "engine/core/thread_pool.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace moe {
namespace {

thread_local int current_slot = 0;
thread_local bool inside_task = false;

// About 50 µs: longer than the gap between two loops of one training step, short enough to leave the cores to the
// window when the engine pauses.
constexpr int kSpins = 4000;

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

}  // namespace

int ThreadPool::slot() { return current_slot; }

ThreadPool::ThreadPool(int threads, void (*on_start)()) {
  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  workers_.reserve(static_cast<std::size_t>(threads - 1));
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i, on_start] { work(i, on_start); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true);
  wake_.fetch_add(1);
  wake_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void ThreadPool::run_tasks() {
  inside_task = true;
  for (;;) {
    const std::int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
    if (task >= tasks_ || failed_.load(std::memory_order_relaxed)) break;
    try {
      fn_(task);
    } catch (...) {
      if (!failed_.exchange(true)) error_ = std::current_exception();
    }
  }
  inside_task = false;
}

void ThreadPool::parallel_for(std::int64_t tasks, FunctionRef<void(std::int64_t)> fn) {
  if (tasks <= 0) return;
  if (workers_.empty() || tasks == 1 || inside_task) {
    for (std::int64_t i = 0; i < tasks; ++i) fn(i);
    return;
  }
  tasks_ = tasks;
  fn_ = fn;
  next_.store(0, std::memory_order_relaxed);
  failed_.store(false, std::memory_order_relaxed);
  const std::uint64_t generation = (state_.load(std::memory_order_relaxed) >> 32) + 1;
  state_.store((generation << 32) | kOpen, std::memory_order_release);
  wake_.fetch_add(1, std::memory_order_release);
  wake_.notify_all();

  run_tasks();

  state_.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (int spins = 0; (state_.load(std::memory_order_acquire) & (kOpen - 1)) != 0; ++spins) {
    if (spins < kSpins)
      relax();
    else
      std::this_thread::yield();
  }
  if (failed_.load()) std::rethrow_exception(std::exchange(error_, nullptr));
}

/// Enters the open job once per generation; `seen` is the last generation this worker took part in.
bool ThreadPool::join(std::uint32_t& seen) {
  std::uint64_t state = state_.load(std::memory_order_acquire);
  while ((state & kOpen) && static_cast<std::uint32_t>(state >> 32) != seen) {
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
      seen = static_cast<std::uint32_t>(state >> 32);
      return true;
    }
  }
  return false;
}

void ThreadPool::work(int slot, void (*on_start)()) {
  current_slot = slot;
  if (on_start) on_start();
  std::uint32_t seen = 0;
  int spins = 0;
  for (;;) {
    const std::uint32_t ticket = wake_.load(std::memory_order_acquire);  // read before the checks: no wake-up is lost
    if (stop_.load()) return;
    if (join(seen)) {
      run_tasks();
      state_.fetch_sub(1, std::memory_order_acq_rel);
      spins = 0;
    } else if (++spins < kSpins) {
      relax();
    } else {
      wake_.wait(ticket, std::memory_order_acquire);
      spins = 0;
    }
  }
}

}  // namespace moe
