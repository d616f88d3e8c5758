// SPDX-License-Identifier: Apache-2.0
// What all CPU kernels share: the thread pool, scratch memory and the dtype switch.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/tensor.h"
#include "engine/core/thread_pool.h"

namespace moe::cpu {

/// Aligned memory that grows to the largest request and then stays. Contents do not survive a larger request.
class Scratch {
 public:
  Scratch() = default;
  ~Scratch() { release(); }
  Scratch(Scratch&& o) noexcept : data_(o.data_), bytes_(o.bytes_) { o.data_ = nullptr, o.bytes_ = 0; }
  Scratch& operator=(Scratch&&) = delete;

  template <class T>
  T* get(std::int64_t count) {
    return static_cast<T*>(reserve(static_cast<std::size_t>(count) * sizeof(T)));
  }
  /// What the last get() returned.
  template <class T>
  T* held() const {
    return static_cast<T*>(data_);
  }

 private:
  void* reserve(std::size_t bytes);
  void release();
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

void* allocate_aligned(std::size_t bytes);
void free_aligned(void* block, std::size_t bytes);

struct Runtime {
  explicit Runtime(int threads);

  /// body(begin, end) over [0, n) in pieces of `grain`, a partition that does not depend on the number of threads.
  template <class Body>
  void for_ranges(std::int64_t n, std::int64_t grain, Body&& body) {
    pool.parallel_for((n + grain - 1) / grain,
                      [&](std::int64_t task) { body(task * grain, std::min(n, (task + 1) * grain)); });
  }

  /// out[cols] (+)= Σ over rows, with a fixed order: body(begin, end, partial) adds its rows to a zeroed partial, and
  /// the partials are added from the first to the last.
  template <class T, class Body>
  void reduce_rows(std::int64_t rows, std::int64_t cols, bool accumulate, T* out, Body&& body) {
    constexpr std::int64_t kGrain = 64;
    const std::int64_t tasks = (rows + kGrain - 1) / kGrain;
    T* partials = partials_.get<T>(std::max<std::int64_t>(tasks, 1) * cols);
    pool.parallel_for(tasks, [&](std::int64_t task) {
      T* partial = partials + task * cols;
      std::fill(partial, partial + cols, T(0));
      body(task * kGrain, std::min(rows, (task + 1) * kGrain), partial);
    });
    if (!accumulate) std::fill(out, out + cols, T(0));
    for (std::int64_t task = 0; task < tasks; ++task)
      for (std::int64_t c = 0; c < cols; ++c) out[c] += partials[task * cols + c];
  }

  /// Σ of body(begin, end) over pieces of [0, n), in order.
  template <class Body>
  double reduce(std::int64_t n, std::int64_t grain, Body&& body) {
    const std::int64_t tasks = (n + grain - 1) / grain;
    double* partials = partials_.get<double>(std::max<std::int64_t>(tasks, 1));
    pool.parallel_for(tasks,
                      [&](std::int64_t task) { partials[task] = body(task * grain, std::min(n, (task + 1) * grain)); });
    double total = 0;
    for (std::int64_t task = 0; task < tasks; ++task) total += partials[task];
    return total;
  }

  /// Makes room for `count` elements in every thread's scratch. Before the loop whose tasks use it: which thread meets
  /// which task is chance, so memory taken inside a task could be taken at any later call as well.
  template <class T>
  void reserve_scratch(int use, std::int64_t count) {
    for (Local& local : local_) local[use].get<T>(std::max<std::int64_t>(count, 1));
  }
  /// Scratch of the current thread, numbered by use within one kernel; as large as reserve_scratch made it.
  template <class T>
  T* scratch(int use) {
    return local_[static_cast<std::size_t>(ThreadPool::slot())][use].held<T>();
  }

  ThreadPool pool;

 private:
  struct Local {
    Scratch uses[4];
    Scratch& operator[](int i) { return uses[i]; }
  };
  std::vector<Local> local_;
  Scratch partials_;
};

/// Rows per task so that a task touches about 32 KiB of a [*, width] array: small enough to balance, large enough to
/// hide the cost of a task.
inline std::int64_t row_grain(std::int64_t width) {
  return std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(width, 1));
}

/// Elements per task of elementwise loops.
constexpr std::int64_t kElementGrain = 16384;

/// Calls f.template operator()<T>() with the floating-point type of `dtype`.
template <class F>
decltype(auto) with_real(DType dtype, F&& f) {
  if (dtype == DType::f64) return f.template operator()<double>();
  return f.template operator()<float>();
}

}  // namespace moe::cpu
