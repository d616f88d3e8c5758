// SPDX-License-Identifier: Apache-2.0
// Causal attention of bfloat16 heads on tensor cores, forward: FlashAttention-2 (Dao 2023). A warp owns 16 queries and
// keeps their fragments, an online softmax and the sums in registers; its block walks through tiles of keys and values
// in shared memory, of which the next is on its way while one is worked on. Probabilities are rounded to bfloat16 for
// their product with the values, everything else is float32.
//
// Head dimensions in between are padded with zeros to Dim = 32, 64 or 128. A row of a tile has Dim/8 chunks and one
// that stays empty: an odd distance, so that the eight rows of a matrix lie in different banks.
#pragma once
#include <cmath>

#include "engine/backend/cuda/attention_kernels.h"
#include "engine/backend/cuda/tensor_core.h"

namespace moe::cuda::mma {

constexpr int kOwn = 16;   // rows of a warp: those of one product
constexpr int kWarps = 8;  // that own queries: the more, the fewer times keys are read
constexpr float kLog2e = 1.44269504088896341f;

/// 1/√C, and with log2(e) in it.
struct Scale {
  explicit Scale(int dim) : scale(1.f / std::sqrt(static_cast<float>(dim))), factor(scale * kLog2e) {}
  float scale, factor;
};

template <int Dim>
struct Tiling {
  static constexpr int rows = Dim > 64 ? 32 : 64;  // of a tile
  static constexpr int stride = Dim / 8 + 1;       // chunks from row to row
  static constexpr int chunks = rows * stride;     // of a tile
};

/// Where this thread's numbers lie in fragments (tensor_core.h), and which chunk of a tile it names for the matrices
/// (rows 0, 8) × (columns 0, 8) in the order that makes them b0 and b1 of two products: `across`, of the rows' product
/// with the columns in the sum; `down`, transposed, of the columns' product with the rows in the sum.
template <int Dim>
struct Lane {
  __device__ Lane() : warp(static_cast<int>(threadIdx.x) / 32) {
    const int index = static_cast<int>(threadIdx.x) % 32;
    row = index / 4, column = index % 4 * 2;
    across = (index / 16 * 8 + index % 8) * Tiling<Dim>::stride + index / 8 % 2;
    down = index % 16 * Tiling<Dim>::stride + index / 16;
  }
  int warp, row, column, across, down;
};

/// Rows of one head: row r at data + r·stride.
struct Rows {
  const bf16* data;
  int stride;
  __device__ const bf16* row(int r) const { return data + std::int64_t{r} * stride; }
};

/// A thread's share of the copies of tiles: chunks of one column, every kStep-th row.
template <int Dim, int Warps>
struct Copier {
  static constexpr int kColumns = Dim / 8, kStep = Warps * 32 / kColumns;
  static_assert(Tiling<Dim>::rows % kStep == 0);
  __device__ explicit Copier(int dim)
      : row(static_cast<int>(threadIdx.x) / kColumns),
        column(static_cast<int>(threadIdx.x) % kColumns),
        inside(column * 8 < dim) {}
  /// Its first number of the tile that starts with row `first`.
  __device__ const bf16* start(const Rows& rows, int first) const { return rows.row(first + row) + column * 8; }
  /// Starts the copies from there, of `left` rows and zeros after them.
  template <class Tile>
  __device__ __forceinline__ void copy(Tile& tile, int at, const bf16* from, int stride, int left) const {
    MOE_UNROLL
    for (int i = 0; i < Tiling<Dim>::rows; i += kStep)
      copy_async(tile, at + (row + i) * Tiling<Dim>::stride + column, from + i * stride, inside && row + i < left);
  }
  int row, column;
  bool inside;
};

__device__ __forceinline__ std::uint32_t word_at(const bf16* from) {
  MOE_WHOLE(std::uint32_t, from);
  return *reinterpret_cast<const std::uint32_t*>(from);
}
__device__ __forceinline__ void put_word(bf16* to, std::uint32_t word) {
  MOE_WHOLE(std::uint32_t, to);
  *reinterpret_cast<std::uint32_t*>(to) = word;
}
__device__ __forceinline__ float low(std::uint32_t word) { return number(bf16{static_cast<std::uint16_t>(word)}); }
__device__ __forceinline__ float high(std::uint32_t word) {
  return number(bf16{static_cast<std::uint16_t>(word >> 16)});
}

/// The warp's 16 rows from `first` on as the left matrix of products; zeros outside.
template <int Dim>
__device__ __forceinline__ void load_rows(std::uint32_t (&words)[Dim / 16][4], const Rows& from, int first, int end,
                                          int dim, const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int k = 0; k < Dim / 16; ++k) {
    MOE_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int row = first + lane.row + i % 2 * 8, column = k * 16 + lane.column + i / 2 * 8;
      words[k][i] = row < end && column < dim ? word_at(from.row(row) + column) : 0u;
    }
  }
}

/// Numbers of 16 columns as they came out of two products, rounded, as the left matrix of the next.
__device__ __forceinline__ void as_rows(std::uint32_t (&words)[4], const float (&left)[4], const float (&right)[4]) {
  words[0] = pack_bf16(left[0], left[1]);
  words[1] = pack_bf16(left[2], left[3]);
  words[2] = pack_bf16(right[0], right[1]);
  words[3] = pack_bf16(right[2], right[3]);
}

/// scores[0], scores[1] += own rows · rows [first, first + 16) of the tile, in two products' columns.
template <int Dim, class Tile>
__device__ __forceinline__ void dots(float (&scores)[2][4], const std::uint32_t (&own)[Dim / 16][4], const Tile& tile,
                                     int at, int first, const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int k = 0; k < Dim / 16; ++k) {
    std::uint32_t words[4];
    load_matrices(words, tile, at + lane.across + first * Tiling<Dim>::stride + k * 2);
    mma_bf16(scores[0], own[k], words[0], words[1]);
    mma_bf16(scores[1], own[k], words[2], words[3]);
  }
}

/// sums[own rows, Dim] += weights[own rows, 16] · rows [first, first + 16) of the tile.
template <int Dim, class Tile>
__device__ __forceinline__ void add_rows(float (&sums)[Dim / 8][4], const std::uint32_t (&weights)[4], const Tile& tile,
                                         int at, int first, const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int n = 0; n < Dim / 16; ++n) {
    std::uint32_t words[4];
    load_transposed(words, tile, at + lane.down + first * Tiling<Dim>::stride + n * 2);
    mma_bf16(sums[2 * n], weights, words[0], words[1]);
    mma_bf16(sums[2 * n + 1], weights, words[2], words[3]);
  }
}

/// The warp's online softmax: what it saw so far of its rows lane.row and lane.row + 8.
template <int Dim>
struct Softmax {
  float sums[Dim / 8][4] = {};
  float largest[2] = {minus_infinity<float>(), minus_infinity<float>()}, total[2] = {};

  /// Another tile's scores[16, rows]; `weights` are their probabilities, rounded. `factor` is log2(e)/√C.
  template <int Columns>
  __device__ __forceinline__ void see(std::uint32_t (&weights)[Columns / 2][4], const float (&scores)[Columns][4],
                                      float factor) {
    float shift[2];
    MOE_UNROLL
    for (int half = 0; half < 2; ++half) {
      float top = largest[half];
      MOE_UNROLL
      for (int n = 0; n < Columns; ++n) top = fmaxf(top, fmaxf(scores[n][2 * half], scores[n][2 * half + 1]));
      top = fmaxf(top, __shfl_xor_sync(kWholeWarp, top, 1));
      top = fmaxf(top, __shfl_xor_sync(kWholeWarp, top, 2));
      shift[half] = top * factor;
      const float shrink = power_of_two(largest[half] * factor - shift[half]);
      largest[half] = top;
      total[half] *= shrink;
      MOE_UNROLL
      for (int n = 0; n < Dim / 8; ++n) sums[n][2 * half] *= shrink, sums[n][2 * half + 1] *= shrink;
    }
    MOE_UNROLL
    for (int n = 0; n < Columns; ++n) {
      float p[4];
      MOE_UNROLL
      for (int i = 0; i < 4; ++i) {
        p[i] = power_of_two(scores[n][i] * factor - shift[i / 2]);
        total[i / 2] += p[i];
      }
      weights[n / 2][n % 2 * 2] = pack_bf16(p[0], p[1]), weights[n / 2][n % 2 * 2 + 1] = pack_bf16(p[2], p[3]);
    }
  }
};

/// One tile of keys for the warp's queries. Diagonal: some keys come after some query, `from_key` being the first
/// query's distance from the first key; keys in groups of 16 that no query sees are left out.
template <int Dim, bool Diagonal, class Tile>
__device__ __forceinline__ void forward_tile(Softmax<Dim>& softmax, const std::uint32_t (&queries)[Dim / 16][4],
                                             const Tile& keys, const Tile& values, int at, int from_key, float factor,
                                             const Lane<Dim>& lane) {
  constexpr int kSteps = Tiling<Dim>::rows / 16;
  const int distance = from_key + lane.row - lane.column;  // of this lane's first query from its first key
  float scores[2 * kSteps][4];
  MOE_UNROLL
  for (int j = 0; j < kSteps; ++j) {
    float step[2][4] = {};
    const bool seen = !Diagonal || 16 * j < from_key + kOwn;
    if (seen) dots<Dim>(step, queries, keys, at, 16 * j, lane);
    MOE_UNROLL
    for (int n = 0; n < 2; ++n) {
      MOE_UNROLL
      for (int i = 0; i < 4; ++i) {
        const bool kept = !Diagonal || 16 * j + 8 * n + i % 2 - i / 2 * 8 <= distance;
        scores[2 * j + n][i] = seen && kept ? step[n][i] : minus_infinity<float>();
      }
    }
  }
  std::uint32_t weights[kSteps][4];
  softmax.see(weights, scores, factor);
  MOE_UNROLL
  for (int j = 0; j < kSteps; ++j)
    if (!Diagonal || 16 * j < from_key + kOwn) add_rows<Dim>(softmax.sums, weights[j], values, at, 16 * j, lane);
}

template <int Dim>
__device__ void write_rows(bf16* out, float* lse, Softmax<Dim>& softmax, const Heads& at, int b, int h, int first,
                           float scale, const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int half = 0; half < 2; ++half) {
    float total = softmax.total[half];
    total += __shfl_xor_sync(kWholeWarp, total, 1);
    total += __shfl_xor_sync(kWholeWarp, total, 2);
    const int row = first + lane.row + 8 * half;
    if (row >= at.context) continue;
    bf16* to = out + at.out(b, h) + row * at.out_width;
    const float share = 1.f / total;
    MOE_UNROLL
    for (int n = 0; n < Dim / 8; ++n)
      if (8 * n < at.dim)
        put_word(to + 8 * n + lane.column,
                 pack_bf16(softmax.sums[n][2 * half] * share, softmax.sums[n][2 * half + 1] * share));
    if (lane.column == 0) lse[at.rows(b, h) + row] = softmax.largest[half] * scale + logarithm(total);
  }
}

/// grid: heads, batch rows, blocks of queries, the last first, as they see the most keys.
template <int Dim>
__global__ void __launch_bounds__(kWarps * 32, Dim > 64 ? 1 : 2)
    forward_kernel(bf16* out, float* lse, const bf16* qkv, Heads at, Scale scale) {
  constexpr int kRows = Tiling<Dim>::rows, kBlock = kWarps * kOwn, kChunks = Tiling<Dim>::chunks;
  MOE_SHARED(Chunk, keys, 2 * kChunks);
  MOE_SHARED(Chunk, values, 2 * kChunks);
  const Lane<Dim> lane;
  const int h = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y);
  const int g = h / (static_cast<int>(at.heads) / static_cast<int>(at.kv_heads)), dim = static_cast<int>(at.dim);
  const int context = static_cast<int>(at.context), width = static_cast<int>(at.width);
  const int block_first = static_cast<int>(gridDim.z - 1 - blockIdx.z) * kBlock, first = block_first + lane.warp * kOwn;
  const int end = block_first + kBlock < context ? block_first + kBlock : context;  // of the keys that count
  std::uint32_t queries[Dim / 16][4];
  load_rows<Dim>(queries, {qkv + at.q(b, h), width}, first, context, dim, lane);
  Softmax<Dim> softmax;
  const Copier<Dim, kWarps> copier(dim);
  const bf16* next = copier.start({qkv + at.k(b, g), width}, 0);
  const int to_values = static_cast<int>(at.kv_heads) * dim;
  const auto copy = [&](int tile) {
    copier.copy(keys, tile % 2 * kChunks, next, width, context - tile * kRows);
    copier.copy(values, tile % 2 * kChunks, next + to_values, width, context - tile * kRows);
    commit_copies();
    next += kRows * width;
  };
  const auto next_tile = [&](int tile) {
    wait_copies<0>();
    __syncthreads();  // the tile is whole, and the one before no longer read
    if ((tile + 1) * kRows < end) copy(tile + 1);
  };
  copy(0);
  int tile = 0;
  for (; (tile + 1) * kRows <= block_first + 1; ++tile) {  // all queries of the block see all of these keys
    next_tile(tile);
    forward_tile<Dim, false>(softmax, queries, keys, values, tile % 2 * kChunks, 0, scale.factor, lane);
  }
  for (; tile * kRows < end; ++tile) {
    next_tile(tile);
    const int from_key = first - tile * kRows;
    if (first < context && from_key + kOwn > 0)  // else the warp only helps to copy
      forward_tile<Dim, true>(softmax, queries, keys, values, tile % 2 * kChunks, from_key, scale.factor, lane);
  }
  write_rows<Dim>(out, lse, softmax, at, b, h, first, scale.scale, lane);
}

}  // namespace moe::cuda::mma
