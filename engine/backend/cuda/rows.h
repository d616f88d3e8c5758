// SPDX-License-Identifier: Apache-2.0
// The shapes of kernels that families share: elements, rows, column sums and scalar sums. All partitions depend on the
// sizes alone, and sums are trees or loops of a fixed order: the same bits on every run.
#pragma once
#include "engine/backend/cuda/device.h"
#include "engine/backend/cuda/runtime.h"

namespace moe::cuda {

template <class F>
__global__ void elements_kernel(std::int64_t n, F f) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += stride) f(i);
}

/// f(i) for every i < n.
template <class F>
void for_elements(Runtime& runtime, std::int64_t n, F f) {
  if (n <= 0) return;
  constexpr std::int64_t kBlock = 256, kMost = 16384;
  const std::int64_t blocks = ceil_div(n, kBlock);
  launch(runtime, static_cast<unsigned>(blocks < kMost ? blocks : kMost), kBlock, elements_kernel<F>, n, f);
}

/// The threads that work on one row together: a warp, or a block of 256.
template <int Threads>
struct Group {
  static_assert(Threads == 32 || Threads == 256);
  int lane;  // 0 … Threads − 1
  static constexpr int size = Threads;

  /// Σ over the threads, the same for all; a tree of fixed order.
  template <class T>
  __device__ T sum(T x) const {
    return all(x, [](T a, T b) { return a + b; });
  }
  /// Largest over the threads; NaN loses.
  template <class T>
  __device__ T largest(T x) const {
    return all(x, [](T a, T b) { return b > a ? b : a; });
  }
  /// The same of x[0, n), which the threads read together.
  template <class T>
  __device__ T largest(const T* x, std::int64_t n) const {
    T found = minus_infinity<T>();
    for (std::int64_t i = lane; i < n; i += size) found = x[i] > found ? x[i] : found;
    return largest(found);
  }
  template <class T, class Combine>
  __device__ T all(T x, Combine combine) const {
    for (int lanes = 16; lanes > 0; lanes /= 2) x = combine(x, __shfl_xor_sync(kWholeWarp, x, lanes));
    if constexpr (Threads > 32) {
      MOE_SHARED(T, of_warps, Threads / 32);
      __syncthreads();  // an earlier reduction's readers have gone
      if (lane % 32 == 0) of_warps[lane / 32] = x;
      __syncthreads();
      T total = of_warps[0];
      for (int w = 1; w < Threads / 32; ++w) total = combine(total, static_cast<T>(of_warps[w]));
      x = total;
    }
    return x;
  }
};

template <int Threads, class F>
__global__ void rows_kernel(std::int64_t rows, F f) {
  constexpr int kRows = 256 / Threads;  // of a block
  const Group<Threads> group{static_cast<int>(threadIdx.x) % Threads};
  const std::int64_t first = std::int64_t{blockIdx.x} * kRows + static_cast<int>(threadIdx.x) / Threads;
  for (std::int64_t row = first; row < rows; row += std::int64_t{gridDim.x} * kRows) f(row, group);
}

/// f(row, group): a warp for each narrow row, a block for each wide one. `f` is generic over the group.
template <class F>
void for_rows(Runtime& runtime, std::int64_t rows, std::int64_t width, F f) {
  if (rows <= 0) return;
  constexpr std::int64_t kMost = 16384, kWide = 1024;
  const bool wide = width > kWide;
  const std::int64_t blocks = wide ? rows : ceil_div(rows, 8);
  const auto grid = static_cast<unsigned>(blocks < kMost ? blocks : kMost);
  if (wide)
    launch(runtime, grid, 256, rows_kernel<256, F>, rows, f);
  else
    launch(runtime, grid, 256, rows_kernel<32, F>, rows, f);
}

/// The same with a warp for every row, however wide.
template <class F>
void for_warp_rows(Runtime& runtime, std::int64_t rows, F f) {
  if (rows <= 0) return;
  constexpr std::int64_t kMost = 16384;
  const std::int64_t blocks = ceil_div(rows, 8);
  launch(runtime, static_cast<unsigned>(blocks < kMost ? blocks : kMost), 256, rows_kernel<32, F>, rows, f);
}

constexpr std::int64_t kRowGrain = 64;

/// partials[task, c] = Σ over the task's rows of value(row, c), in order; one thread per column.
template <class T, class F>
__global__ void column_partials_kernel(std::int64_t rows, std::int64_t cols, T* partials, F value) {
  const std::int64_t c = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x;
  const std::int64_t task = blockIdx.y;
  if (c >= cols) return;
  const std::int64_t begin = task * kRowGrain, end = begin + kRowGrain < rows ? begin + kRowGrain : rows;
  T sum = 0;
  for (std::int64_t row = begin; row < end; ++row) sum += value(row, c);
  partials[task * cols + c] = sum;
}

/// One block for 32 columns: warp w sums the tasks w, w + 8, …, then the warps' sums are added from the first to the
/// last.
template <class T, class Store>
__global__ void add_partials_kernel(std::int64_t tasks, std::int64_t cols, const T* partials, T* out, Store store) {
  constexpr int kWarps = 8;
  MOE_SHARED(T, of_warps, kWarps * 32);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const std::int64_t c = std::int64_t{blockIdx.x} * 32 + lane;
  T sum = 0;
  for (std::int64_t task = warp; c < cols && task < tasks; task += kWarps) sum += partials[task * cols + c];
  of_warps[warp * 32 + lane] = sum;
  __syncthreads();
  if (warp != 0 || c >= cols) return;
  for (int w = 1; w < kWarps; ++w) sum += of_warps[w * 32 + lane];
  out[c] = store(out[c], sum);
}

/// out[c] = store(out[c], Σ_tasks partials[task, c]).
template <class T, class Store>
void add_partials(Runtime& runtime, std::int64_t tasks, std::int64_t cols, const T* partials, T* out, Store store) {
  launch(runtime, static_cast<unsigned>(ceil_div(cols, 32)), 256, add_partials_kernel<T, Store>, tasks, cols, partials,
         out, store);
}

/// out[c] = store(out[c], Σ_rows value(row, c)): partial sums of 64 rows, then their sum.
template <class T, class Value, class Store>
void sum_columns(Runtime& runtime, std::int64_t rows, std::int64_t cols, T* out, Value value, Store store) {
  constexpr std::int64_t kMostTasks = 65535;
  const std::int64_t tasks = ceil_div(rows, kRowGrain);
  if (cols == 0) return;
  T* partials = runtime.partials<T>((tasks > 0 ? tasks : 1) * cols);
  for (std::int64_t first = 0; first < tasks; first += kMostTasks) {
    const std::int64_t some = tasks - first < kMostTasks ? tasks - first : kMostTasks, row = first * kRowGrain;
    auto shifted = [=] __device__(std::int64_t r, std::int64_t c) { return value(r + row, c); };
    launch(runtime, dim3(static_cast<unsigned>(ceil_div(cols, 128)), static_cast<unsigned>(some)), 128,
           column_partials_kernel<T, decltype(shifted)>, rows - row, cols, partials + first * cols, shifted);
  }
  const T* const sums = partials;
  add_partials(runtime, tasks, cols, sums, out, store);
}

constexpr std::int64_t kSumGrain = 16384;

template <class F>
__global__ void sum_partials_kernel(std::int64_t n, double* partials, F value) {
  const Group<256> group{static_cast<int>(threadIdx.x)};
  const std::int64_t begin = std::int64_t{blockIdx.x} * kSumGrain, end = begin + kSumGrain < n ? begin + kSumGrain : n;
  double sum = 0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += 256) sum += value(i);
  sum = group.sum(sum);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

template <class F>
__global__ void sum_finish_kernel(std::int64_t tasks, const double* partials, double* out, F finish) {
  const Group<256> group{static_cast<int>(threadIdx.x)};
  double sum = 0;
  for (std::int64_t i = threadIdx.x; i < tasks; i += 256) sum += partials[i];
  sum = group.sum(sum);
  if (threadIdx.x == 0) *out = finish(sum);
}

/// *out (on the device) = finish(Σ value(i)) in float64.
template <class Value, class Finish>
void sum_on_device(Runtime& runtime, std::int64_t n, double* out, Value value, Finish finish) {
  const std::int64_t tasks = ceil_div(n, kSumGrain);
  double* partials = runtime.partials<double>(tasks > 0 ? tasks : 1);
  if (tasks > 0) launch(runtime, static_cast<unsigned>(tasks), 256, sum_partials_kernel<Value>, n, partials, value);
  launch(runtime, 1u, 256, sum_finish_kernel<Finish>, tasks, partials, out, finish);
}

}  // namespace moe::cuda
