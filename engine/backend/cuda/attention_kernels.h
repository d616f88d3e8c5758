// SPDX-License-Identifier: Apache-2.0
// Causal attention by tiles: what exists of the S×S scores is a tile of 32 others per own row. FlashAttention (Dao et
// al. 2022) in its plain form: an online softmax forward, probabilities recomputed from lse backward.
//
// A block owns 32 rows (queries forward and for dQ; keys for dK and dV), four for each of its 8 warps, and walks
// through tiles of 32 other rows. In a tile lane j stands for other row j while scores are made, and for columns
// j, j + 32, … while rows are added up. T is what is computed with, S what qkv and out are stored in: T, or bfloat16
// where the kernels for tensor cores (attention_mma.h) do not fit.
#pragma once
#include "engine/backend/cuda/rows.h"
#include "engine/backend/families/attention.h"

namespace moe::cuda {

constexpr int kThreads = 256, kOthers = 32, kPerWarp = 4, kOwnRows = kThreads / 32 * kPerWarp;
constexpr int kChunk = 32;  // columns of a tile in shared memory at a time

/// Where the rows of heads lie in qkv[T, width], out[T, H·C] and lse[B, H, S].
struct Heads {
  explicit Heads(const AttentionShape& s)
      : context(s.context),
        heads(s.heads),
        kv_heads(s.kv_heads),
        dim(s.head_dim),
        width(s.qkv_width()),
        out_width(static_cast<std::int64_t>(s.heads) * s.head_dim),
        batch(s.batch) {}
  __device__ std::int64_t q(std::int64_t b, std::int64_t h) const { return b * context * width + h * dim; }
  __device__ std::int64_t k(std::int64_t b, std::int64_t g) const { return b * context * width + (heads + g) * dim; }
  __device__ std::int64_t v(std::int64_t b, std::int64_t g) const {
    return b * context * width + (heads + kv_heads + g) * dim;
  }
  __device__ std::int64_t out(std::int64_t b, std::int64_t h) const { return b * context * out_width + h * dim; }
  __device__ std::int64_t rows(std::int64_t b, std::int64_t h) const { return (b * heads + h) * context; }
  std::int64_t context, heads, kv_heads, dim, width, out_width, batch;
};

/// Rows of one head: row r at data + r·stride.
template <class T>
struct Rows2D {
  const T* data;
  std::int64_t stride;
  __device__ const T* row(std::int64_t r) const { return data + r * stride; }
};

/// dots[r] = ⟨own row of r, other row of this lane⟩ for the four own rows of a warp; rows from `end` on count as 0.
/// All threads of the block call it together.
template <class T, class Own, class Other>
__device__ void tile_dots(T* dots, const Rows2D<Own>& own, std::int64_t own_first, std::int64_t own_end,
                          const Rows2D<Other>& other, std::int64_t other_first, std::int64_t other_end,
                          std::int64_t dim) {
  MOE_SHARED(T, tile, kOthers * (kChunk + 1));
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  for (int r = 0; r < kPerWarp; ++r) dots[r] = T(0);
  for (std::int64_t c0 = 0; c0 < dim; c0 += kChunk) {
    __syncthreads();  // the readers of the chunk before have gone
    for (int r = warp; r < kOthers; r += kThreads / 32) {
      const std::int64_t row = other_first + r, c = c0 + lane;
      tile[r * (kChunk + 1) + lane] = row < other_end && c < dim ? number(other.row(row)[c]) : T(0);
    }
    __syncthreads();
    const int columns = static_cast<int>(dim - c0 < kChunk ? dim - c0 : kChunk);
    for (int c = 0; c < columns; ++c) {
      const T value = tile[lane * (kChunk + 1) + c];
      for (int r = 0; r < kPerWarp; ++r) {
        const std::int64_t row = own_first + r;
        if (row < own_end) dots[r] += number(own.row(row)[c0 + c]) * value;
      }
    }
  }
}

/// sums[r][i] += Σ_j weights[r] of lane j · other row j, column lane + 32·i.
template <class T, int N, class Other>
__device__ void add_tile(T (&sums)[kPerWarp][N], const T* weights, const Rows2D<Other>& other, std::int64_t other_first,
                         std::int64_t other_end, std::int64_t dim) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  for (int j = 0; j < kOthers && other_first + j < other_end; ++j) {
    T weight[kPerWarp];
    for (int r = 0; r < kPerWarp; ++r) weight[r] = __shfl_sync(kWholeWarp, weights[r], j);
    const std::int64_t row = other_first + j;
    const Other* from = other.row(row);
    for (int i = 0; i < N; ++i) {
      const std::int64_t c = lane + 32 * i;
      if (c >= dim) continue;
      const T value = number(from[c]);
      for (int r = 0; r < kPerWarp; ++r) sums[r][i] += weight[r] * value;
    }
  }
}

template <class T>
__device__ T scale_of(std::int64_t dim) {
  return T(1) / square_root(static_cast<T>(dim));
}

template <class T, class S, int N>
__global__ void forward_kernel(S* out, T* lse, const S* qkv, Heads at) {
  const Group<32> group{static_cast<int>(threadIdx.x) % 32};
  const std::int64_t h = blockIdx.y, b = blockIdx.z, g = h / (at.heads / at.kv_heads);
  const std::int64_t block_first = std::int64_t{blockIdx.x} * kOwnRows, context = at.context;
  const std::int64_t first = block_first + static_cast<int>(threadIdx.x) / 32 * kPerWarp;
  const std::int64_t last = block_first + kOwnRows < context ? block_first + kOwnRows : context;  // keys that count
  const Rows2D<S> queries{qkv + at.q(b, h), at.width}, keys{qkv + at.k(b, g), at.width},
      values{qkv + at.v(b, g), at.width};
  const T scale = scale_of<T>(at.dim);
  T sums[kPerWarp][N] = {}, largest[kPerWarp], total[kPerWarp] = {};
  for (int r = 0; r < kPerWarp; ++r) largest[r] = minus_infinity<T>();
  for (std::int64_t tile = 0; tile < last; tile += kOthers) {
    T p[kPerWarp];
    tile_dots(p, queries, first, context, keys, tile, last, at.dim);
    if (first >= context) continue;  // a warp without rows only helps to load the tiles
    for (int r = 0; r < kPerWarp; ++r) {
      const bool seen = tile + group.lane <= first + r && first + r < context;
      const T score = seen ? p[r] * scale : minus_infinity<T>();
      const T top = group.largest(score), above = top > largest[r] ? top : largest[r];
      // A row beyond the context has seen nothing yet: −inf − −inf must not become a NaN that the others would share.
      const T shrink = largest[r] == minus_infinity<T>() ? T(0) : exponential(largest[r] - above);
      p[r] = seen ? exponential(score - above) : T(0);
      total[r] = total[r] * shrink + group.sum(p[r]);
      for (int i = 0; i < N; ++i) sums[r][i] *= shrink;
      largest[r] = above;
    }
    add_tile(sums, p, values, tile, last, at.dim);
  }
  for (int r = 0; r < kPerWarp && first + r < context; ++r) {
    S* to = out + at.out(b, h) + (first + r) * at.out_width;
    for (int i = 0; i < N; ++i)
      if (group.lane + 32 * i < at.dim) put(to + group.lane + 32 * i, sums[r][i] / total[r]);
    if (group.lane == 0) lse[at.rows(b, h) + first + r] = largest[r] + logarithm(total[r]);
  }
}

/// along[B,H,S] = ⟨dO, O⟩ of each row, which is Σ P∘dP.
template <class T, class S>
void row_products(Runtime& runtime, T* along, const T* dout, const S* out, const Heads& at) {
  for_warp_rows(runtime, at.batch * at.heads * at.context, [=] __device__(std::int64_t row, auto group) {
    const std::int64_t i = row % at.context, h = row / at.context % at.heads, b = row / at.context / at.heads;
    const std::int64_t first = at.out(b, h) + i * at.out_width;
    T sum = 0;
    for (std::int64_t c = group.lane; c < at.dim; c += group.size) sum += dout[first + c] * number(out[first + c]);
    sum = group.sum(sum);
    if (group.lane == 0) along[row] = sum;
  });
}

template <class T, class S, int N>
__global__ void backward_queries_kernel(T* dqkv, const T* dout, const T* lse, const T* along, const S* qkv, Heads at) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t h = blockIdx.y, b = blockIdx.z, g = h / (at.heads / at.kv_heads), context = at.context;
  const std::int64_t block_first = std::int64_t{blockIdx.x} * kOwnRows;
  const std::int64_t first = block_first + static_cast<int>(threadIdx.x) / 32 * kPerWarp;
  const std::int64_t last = block_first + kOwnRows < context ? block_first + kOwnRows : context;
  const Rows2D<S> queries{qkv + at.q(b, h), at.width}, keys{qkv + at.k(b, g), at.width},
      values{qkv + at.v(b, g), at.width};
  const Rows2D<T> gradients{dout + at.out(b, h), at.out_width};
  const T scale = scale_of<T>(at.dim);
  T sums[kPerWarp][N] = {};
  for (std::int64_t tile = 0; tile < last; tile += kOthers) {
    T p[kPerWarp], ds[kPerWarp];
    tile_dots(p, queries, first, context, keys, tile, last, at.dim);
    tile_dots(ds, gradients, first, context, values, tile, last, at.dim);
    if (first >= context) continue;
    for (int r = 0; r < kPerWarp; ++r) {
      const std::int64_t i = first + r, row = at.rows(b, h) + i;
      const bool seen = tile + lane <= i && i < context;
      ds[r] = seen ? exponential(p[r] * scale - lse[row]) * (ds[r] - along[row]) * scale : T(0);
    }
    add_tile(sums, ds, keys, tile, last, at.dim);
  }
  for (int r = 0; r < kPerWarp && first + r < context; ++r)
    for (int i = 0; i < N; ++i)
      if (lane + 32 * i < at.dim) dqkv[at.q(b, h) + (first + r) * at.width + lane + 32 * i] = sums[r][i];
}

/// The query heads of a group add to the same keys and values, one after the other.
template <class T, class S, int N>
__global__ void backward_keys_kernel(T* dqkv, const T* dout, const T* lse, const T* along, const S* qkv, Heads at) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t g = blockIdx.y, b = blockIdx.z, share = at.heads / at.kv_heads, context = at.context;
  const std::int64_t block_first = std::int64_t{blockIdx.x} * kOwnRows;
  const std::int64_t first = block_first + static_cast<int>(threadIdx.x) / 32 * kPerWarp;
  const Rows2D<S> keys{qkv + at.k(b, g), at.width}, values{qkv + at.v(b, g), at.width};
  const T scale = scale_of<T>(at.dim);
  T dkeys[kPerWarp][N] = {}, dvalues[kPerWarp][N] = {};
  for (std::int64_t h = g * share; h < (g + 1) * share; ++h) {
    const Rows2D<S> queries{qkv + at.q(b, h), at.width};
    const Rows2D<T> gradients{dout + at.out(b, h), at.out_width};
    for (std::int64_t tile = block_first; tile < context; tile += kOthers) {
      T p[kPerWarp], ds[kPerWarp];
      tile_dots(p, keys, first, context, queries, tile, context, at.dim);
      tile_dots(ds, values, first, context, gradients, tile, context, at.dim);
      if (first >= context) continue;
      for (int r = 0; r < kPerWarp; ++r) {
        const std::int64_t i = tile + lane, row = at.rows(b, h) + i;
        const bool seen = i < context && first + r <= i;
        p[r] = seen ? exponential(p[r] * scale - lse[row]) : T(0);
        ds[r] = seen ? p[r] * (ds[r] - along[row]) * scale : T(0);
      }
      add_tile(dvalues, p, gradients, tile, context, at.dim);
      add_tile(dkeys, ds, queries, tile, context, at.dim);
    }
  }
  for (int r = 0; r < kPerWarp && first + r < context; ++r)
    for (int i = 0; i < N; ++i)
      if (lane + 32 * i < at.dim) {
        const std::int64_t c = (first + r) * at.width + lane + 32 * i;
        dqkv[at.k(b, g) + c] = dkeys[r][i];
        dqkv[at.v(b, g) + c] = dvalues[r][i];
      }
}

}  // namespace moe::cuda
