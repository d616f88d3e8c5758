// SPDX-License-Identifier: Apache-2.0
// Stable sorting and exclusive sums on the device, without atomics: the same order on every run, and the one that the
// CPU finds. A radix sort from the lowest digit: each pass counts the digits of tiles, sums the counts digit by digit
// and moves every item to its place.
#pragma once
#include "engine/backend/cuda/rows.h"

namespace moe::cuda {

constexpr int kTile = 256, kDigits = 256;

/// counts[digit·tiles + tile] = items of the tile with that digit; thread d counts digit d.
template <class Key>
__global__ void count_digits_kernel(std::int64_t n, std::int64_t tiles, const std::int32_t* order, std::int32_t* counts,
                                    int shift, Key key) {
  MOE_SHARED(std::int32_t, digits, kTile);
  for (std::int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const std::int64_t at = tile * kTile + threadIdx.x;
    const std::int32_t digit =
        at < n ? static_cast<std::int32_t>((key(order ? order[at] : static_cast<std::int32_t>(at)) >> shift) & 255)
               : -1;
    digits[threadIdx.x] = digit;
    __syncthreads();
    std::int32_t found = 0;
    const auto own = static_cast<std::int32_t>(threadIdx.x);
    const int here = static_cast<int>(n - tile * kTile < kTile ? n - tile * kTile : kTile);
    for (int i = 0; i < here; ++i) found += digits[i] == own ? 1 : 0;
    counts[own * tiles + tile] = found;
    __syncthreads();
  }
}

/// to[…] = the items of `order` (null: 0 … n − 1), stable by digit; `starts` is the exclusive sum of the counts.
template <class Key>
__global__ void move_items_kernel(std::int64_t n, std::int64_t tiles, const std::int32_t* order,
                                  const std::int32_t* starts, std::int32_t* to, int shift, Key key) {
  MOE_SHARED(std::int32_t, digits, kTile);
  for (std::int64_t tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const std::int64_t at = tile * kTile + threadIdx.x;
    const std::int32_t item = at < n ? (order ? order[at] : static_cast<std::int32_t>(at)) : -1;
    const std::int32_t digit = item >= 0 ? static_cast<std::int32_t>((key(item) >> shift) & 255) : -1;
    digits[threadIdx.x] = digit;
    __syncthreads();
    if (item >= 0) {
      std::int32_t rank = 0;
      for (unsigned i = 0; i < threadIdx.x; ++i) rank += digits[i] == digit ? 1 : 0;
      to[starts[digit * tiles + tile] + rank] = item;
    }
    __syncthreads();
  }
}

/// x[i] = Σ_{j < i} x[j] over x[0, n], so that x[n] is the total; one block, each thread a run of neighbours.
template <int Threads>
__global__ void __launch_bounds__(Threads) exclusive_sum_kernel(std::int64_t n, std::int32_t* x) {
  MOE_SHARED(std::int32_t, of_warps, Threads / 32);
  const std::int64_t each = (n + Threads - 1) / Threads;
  const std::int64_t begin = each * threadIdx.x, limit = begin + each, end = limit < n ? limit : n;
  std::int32_t own = 0;
  for (std::int64_t i = begin; i < end; ++i) own += x[i];
  const unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  std::int32_t running = own;  // of the warp's lanes up to this one
  for (unsigned by = 1; by < 32; by *= 2) {
    const std::int32_t lower = __shfl_up_sync(kWholeWarp, running, by);
    if (lane >= by) running += lower;
  }
  if (lane == 31) of_warps[warp] = running;
  __syncthreads();
  for (unsigned w = 0; w < warp; ++w) running += of_warps[w];
  running -= own;
  if (threadIdx.x == Threads - 1) x[n] = running + own;
  for (std::int64_t i = begin; i < end; ++i) {
    const std::int32_t value = x[i];
    x[i] = running;
    running += value;
  }
}

/// x has n + 1 places; the last is written.
inline void exclusive_sum(Runtime& runtime, std::int32_t* x, std::int64_t n) {
  if (n > 4096)
    launch(runtime, 1u, 1024, exclusive_sum_kernel<1024>, n, x);
  else
    launch(runtime, 1u, 256, exclusive_sum_kernel<256>, n, x);
}

/// 0 … n − 1 ordered by the lowest `bits` bits of key(i), ties by i. `order` (may be null) is an order to begin with
/// and then ties keep it. In the runtime's scratch, valid until the next sort.
template <class Key>
const std::int32_t* sorted_order(Runtime& runtime, std::int64_t n, int bits, Key key,
                                 const std::int32_t* order = nullptr) {
  const std::int64_t tiles = ceil_div(n > 0 ? n : 1, kTile);
  const auto grid = static_cast<unsigned>(tiles < 65535 ? tiles : 65535);
  std::int32_t* counts = runtime.scratch(0).get<std::int32_t>(kDigits * tiles + 1);
  std::int32_t* places[2] = {runtime.scratch(1).get<std::int32_t>(2 * tiles * kTile), nullptr};
  places[1] = places[0] + tiles * kTile;
  int next = order == places[0] ? 1 : 0;
  for (int shift = 0; shift < bits || shift == 0; shift += 8) {
    launch(runtime, grid, kTile, count_digits_kernel<Key>, n, tiles, order, counts, shift, key);
    exclusive_sum(runtime, counts, kDigits * tiles);
    launch(runtime, grid, kTile, move_items_kernel<Key>, n, tiles, order, counts, places[next], shift, key);
    order = places[next];
    next = 1 - next;
  }
  return order;
}

inline int bits_of(std::int64_t values) {
  int bits = 0;
  while ((std::int64_t{1} << bits) < values) ++bits;
  return bits;
}

/// 0 … n − 1 in ascending order of keys[i] < buckets; stable.
inline const std::int32_t* order_by_key(Runtime& runtime, const std::int32_t* keys, std::int64_t n,
                                        std::int64_t buckets) {
  return sorted_order(runtime, n, bits_of(buckets),
                      [=] __device__(std::int32_t i) { return static_cast<std::uint32_t>(keys[i]); });
}

// Keys whose ascending order is the descending order of numbers. NaN counts as −inf, and −0 as 0.
inline __device__ std::uint32_t descending_key(float x) {
  union {
    float number;
    std::uint32_t bits;
  } both{x != x ? minus_infinity<float>() : x == 0.f ? 0.f : x};
  return both.bits & 0x80000000u ? both.bits : ~both.bits & 0x7FFFFFFFu;
}
inline __device__ std::uint64_t descending_key(double x) {
  union {
    double number;
    std::uint64_t bits;
  } both{x != x ? minus_infinity<double>() : x == 0.0 ? 0.0 : x};
  constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  return both.bits & kSign ? both.bits : ~both.bits & ~kSign;
}

}  // namespace moe::cuda
