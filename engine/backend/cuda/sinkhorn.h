// SPDX-License-Identifier: Apache-2.0
// Two sequential algorithms of the choice family that stay on the device: Sinkhorn's iteration and the minimum load.
#pragma once
#include "engine/backend/cuda/router_kernels.h"

namespace moe::cuda {

/// d1 from the column sums, and whether it has come to rest; afterwards every later iteration does nothing.
template <class T>
void step_columns(Runtime& runtime, T* d1, const T* sums, std::int32_t* rested, double tolerance, std::int64_t n) {
  for_rows(runtime, 1, n, [=] __device__(std::int64_t, auto group) {
    if (*rested) return;
    double change = 0;
    for (std::int64_t e = group.lane; e < n; e += group.size) {
      const T next = T(1) / static_cast<T>(n) / (sums[e] + T(1e-8));
      change += fabs(static_cast<double>(next - d1[e]));
      d1[e] = next;
    }
    change = group.sum(change);  // also: every thread has read `rested` before one writes it
    if (group.lane == 0 && !(change / static_cast<double>(n) >= tolerance)) *rested = 1;
  });
}

// The largest logit of each row is taken out of the exponential: d0 absorbs it, and nothing overflows.
template <class T>
void balance_plan(Runtime& runtime, T* cost, const T* s, double tolerance, int most_iterations, std::int64_t rows,
                  std::int64_t n) {
  T* d1 = runtime.scratch(2).get<T>(2 * n + rows);
  T *sums = d1 + n, *d0 = sums + n;
  std::int32_t* rested = runtime.scratch(3).get<std::int32_t>(1);
  const auto set_rows = [&] {
    for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
      T dot = 0;
      for (std::int64_t e = group.lane; e < n; e += group.size) dot += cost[t * n + e] * d1[e];
      dot = group.sum(dot);
      if (group.lane == 0) d0[t] = T(1) / static_cast<T>(rows) / (dot + T(1e-8));
    });
  };
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    const T largest = group.largest(s + t * n, n);
    for (std::int64_t i = t * n + group.lane; i < (t + 1) * n; i += group.size) cost[i] = exponential(s[i] - largest);
  });
  runtime.zero(rested, sizeof *rested);
  for_elements(runtime, n, [=] __device__(std::int64_t e) { d1[e] = T(1); });
  for (int i = 0; i < most_iterations; ++i) {
    set_rows();
    sum_columns(
        runtime, rows, n, sums, [=] __device__(std::int64_t t, std::int64_t e) { return cost[t * n + e] * d0[t]; },
        [] __device__(T, T sum) { return sum; });
    step_columns(runtime, d1, sums, rested, tolerance, n);
  }
  set_rows();
  for_elements(runtime, rows * n, [=] __device__(std::int64_t i) { cost[i] *= d0[i / n] * d1[i % n]; });
}

/// The best token after `previous` whose last choice may become e: it has not chosen e, and its last expert can spare
/// it.
template <class T>
__device__ Pick<T> next_movable(const Pick<T>& previous, const std::int32_t* ids, const T* scores,
                                const std::int32_t* counts, std::int64_t e, std::int64_t minimum, std::int64_t tokens,
                                std::int64_t k, std::int64_t n, int lane) {
  Pick<T> best{minus_infinity<T>(), -1};
  for (std::int64_t t = lane; t < tokens; t += 32) {
    const T x = ranked(scores[t * n + e]);
    const auto at = static_cast<std::int32_t>(t);
    if (previous.index >= 0 && !previous.before(x, at)) continue;
    if (best.index >= 0 && !(x > best.score)) continue;
    const std::int32_t last = ids[t * k + k - 1];
    bool may = last < 0 || counts[last] > minimum;
    for (std::int64_t i = t * k; i < (t + 1) * k; ++i) may = may && ids[i] != e;
    if (may) best = {x, at};
  }
  return best_of_warp(best);
}

/// One warp; counts[n] of ids[tokens,k] are kept up to date.
template <class T>
__global__ void fill_experts_kernel(std::int32_t* ids, const T* scores, std::int32_t* counts, std::int64_t minimum,
                                    std::int64_t tokens, std::int64_t k, std::int64_t n) {
  const int lane = static_cast<int>(threadIdx.x);
  for (std::int64_t e = 0; e < n; ++e) {
    Pick<T> pick{minus_infinity<T>(), -1};
    // Every lane counts for itself; lane 0 writes the counts that later experts read.
    std::int64_t have = __shfl_sync(kWholeWarp, counts[e], 0);
    while (have < minimum) {
      pick = next_movable(pick, ids, scores, counts, e, minimum, tokens, k, n, lane);
      if (pick.index < 0) break;
      if (lane == 0) {
        std::int32_t& last = ids[pick.index * k + k - 1];
        if (last >= 0) --counts[last];
        last = static_cast<std::int32_t>(e);
      }
      ++have;
      __syncwarp();
    }
    if (lane == 0) counts[e] = static_cast<std::int32_t>(have);
    __syncwarp();
  }
}

}  // namespace moe::cuda
