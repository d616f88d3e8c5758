// SPDX-License-Identifier: Apache-2.0
// Causal attention of bfloat16 heads on tensor cores, backward, with the layout of attention_mma.h. Probabilities are
// computed again from lse; they, the gradients of scores and dout are rounded for their products. Queries and keys have
// a kernel each, so that every number has one writer and nothing is added in an order left to chance.
#pragma once
#include "engine/backend/cuda/attention_mma.h"

namespace moe::cuda::mma {

constexpr int kKeyWarps = 4;  // that own keys

/// What a row of queries needs besides its head: lse·log2(e) and ⟨dO, O⟩, which is Σ P∘dP.
struct alignas(8) RowNumbers {
  float shift, along;
};

struct alignas(8) Two {
  float first, second;
};

/// numbers[B,H,S], and dout rounded.
inline void prepare_rows(Runtime& runtime, RowNumbers* numbers, bf16* rounded, const float* dout, const bf16* out,
                         const float* lse, const Heads& at) {
  const auto heads = static_cast<unsigned>(at.heads), context = static_cast<unsigned>(at.context);
  for_warp_rows(runtime, at.batch * at.context * at.heads, [=] __device__(std::int64_t row, auto group) {
    const std::int64_t first = row * at.dim;  // rows of heads lie one after the other
    float sum = 0;
    for (std::int64_t c = 2 * group.lane; c < at.dim; c += 2 * group.size) {
      MOE_WHOLE(Two, dout + first + c);
      const Two two = *reinterpret_cast<const Two*>(dout + first + c);
      const std::uint32_t word = pack_bf16(two.first, two.second);
      put_word(rounded + first + c, word);
      const std::uint32_t of_out = word_at(out + first + c);
      sum += low(word) * low(of_out) + high(word) * high(of_out);
    }
    sum = group.sum(sum);
    if (group.lane != 0) return;
    const auto flat = static_cast<unsigned>(row), token = flat / heads, h = flat % heads;
    const std::int64_t to = at.rows(token / context, h) + token % context;
    numbers[to] = {lse[to] * kLog2e, sum};
  });
}

/// Where gradients go: float32 as they are (`plain`), or turned back by RoPE and rounded (`turned`, when not null).
struct Target {
  float* plain;
  bf16* turned;
  const float *cosines, *sines;  // [S, C/2]
  __device__ Target from(std::int64_t first) const {
    return {turned ? nullptr : plain + first, turned ? turned + first : nullptr, cosines, sines};
  }
};

/// One row of sums turned back: columns c and c + Dim/2 are a pair, and both this lane's.
template <int Dim>
__device__ __forceinline__ void write_turned(bf16* to, const float (&sums)[Dim / 8][4], int half, float scale,
                                             const float* cosines, const float* sines, const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int n = 0; n < Dim / 16; ++n) {
    float left[2], right[2];
    MOE_UNROLL
    for (int i = 0; i < 2; ++i) {
      const int c = 8 * n + lane.column + i;
      const float a = scale * sums[n][2 * half + i], b = scale * sums[n + Dim / 16][2 * half + i];
      left[i] = a * cosines[c] + b * sines[c];
      right[i] = b * cosines[c] - a * sines[c];
    }
    const int c = 8 * n + lane.column;
    put_word(to + c, pack_bf16(left[0], left[1]));
    put_word(to + c + Dim / 2, pack_bf16(right[0], right[1]));
  }
}

/// to[own rows, dim] = scale·sums. `turns`: of queries and keys, not of values.
template <int Dim>
__device__ __forceinline__ void write_gradient(const Target& to, std::int64_t stride, const float (&sums)[Dim / 8][4],
                                               int first, int end, int dim, float scale, bool turns,
                                               const Lane<Dim>& lane) {
  MOE_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int row = first + lane.row + 8 * half;
    if (row >= end) continue;
    if (to.turned && turns) {
      const int angles = row * (Dim / 2);
      write_turned<Dim>(to.turned + row * stride, sums, half, scale, to.cosines + angles, to.sines + angles, lane);
      continue;
    }
    MOE_UNROLL
    for (int n = 0; n < Dim / 8; ++n) {
      if (8 * n >= dim) continue;
      const float left = scale * sums[n][2 * half], right = scale * sums[n][2 * half + 1];
      const std::int64_t at = row * stride + lane.column + 8 * n;
      if (to.turned)
        put_word(to.turned + at, pack_bf16(left, right));
      else
        to.plain[at] = left, to.plain[at + 1] = right;
    }
  }
}

/// dQ of the warp's queries from one tile of keys, without the scale; the arguments of forward_tile.
template <int Dim, bool Diagonal, class Tile>
__device__ __forceinline__ void queries_tile(float (&sums)[Dim / 8][4], const std::uint32_t (&queries)[Dim / 16][4],
                                             const std::uint32_t (&gradients)[Dim / 16][4],
                                             const RowNumbers (&numbers)[2], const Tile& keys, const Tile& values,
                                             int at, int from_key, float factor, const Lane<Dim>& lane) {
  const int distance = from_key + lane.row - lane.column;
  MOE_LOOP
  for (int j = 0; j < Tiling<Dim>::rows; j += 16) {
    if (Diagonal && j >= from_key + kOwn) break;
    float scores[2][4] = {}, slopes[2][4] = {};
    dots<Dim>(scores, queries, keys, at, j, lane);
    dots<Dim>(slopes, gradients, values, at, j, lane);
    MOE_UNROLL
    for (int n = 0; n < 2; ++n) {
      MOE_UNROLL
      for (int i = 0; i < 4; ++i) {
        const bool seen = !Diagonal || j + 8 * n + i % 2 - i / 2 * 8 <= distance;
        const float p = power_of_two(scores[n][i] * factor - numbers[i / 2].shift);
        slopes[n][i] = seen ? p * (slopes[n][i] - numbers[i / 2].along) : 0.f;
      }
    }
    std::uint32_t weights[4];
    as_rows(weights, slopes[0], slopes[1]);
    add_rows<Dim>(sums, weights, keys, at, j, lane);
  }
}

/// grid: as forward.
template <int Dim>
__global__ void __launch_bounds__(kWarps * 32, Dim > 64 ? 1 : 2)
    queries_kernel(Target dqkv, const bf16* dout, const RowNumbers* numbers, const bf16* qkv, Heads at, Scale scale) {
  constexpr int kRows = Tiling<Dim>::rows, kBlock = kWarps * kOwn, kChunks = Tiling<Dim>::chunks;
  MOE_SHARED(Chunk, keys, 2 * kChunks);
  MOE_SHARED(Chunk, values, 2 * kChunks);
  const Lane<Dim> lane;
  const int h = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y);
  const int g = h / (static_cast<int>(at.heads) / static_cast<int>(at.kv_heads)), dim = static_cast<int>(at.dim);
  const int context = static_cast<int>(at.context), width = static_cast<int>(at.width);
  const int block_first = static_cast<int>(gridDim.z - 1 - blockIdx.z) * kBlock, first = block_first + lane.warp * kOwn;
  const int end = block_first + kBlock < context ? block_first + kBlock : context;
  std::uint32_t queries[Dim / 16][4], gradients[Dim / 16][4];
  load_rows<Dim>(queries, {qkv + at.q(b, h), width}, first, context, dim, lane);
  load_rows<Dim>(gradients, {dout + at.out(b, h), static_cast<int>(at.out_width)}, first, context, dim, lane);
  RowNumbers own[2];
  for (int half = 0; half < 2; ++half) {
    const int row = first + lane.row + 8 * half;
    own[half] = row < context ? numbers[at.rows(b, h) + row] : RowNumbers{0.f, 0.f};
  }
  float sums[Dim / 8][4] = {};
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
    __syncthreads();
    if ((tile + 1) * kRows < end) copy(tile + 1);
  };
  copy(0);
  int tile = 0;
  for (; (tile + 1) * kRows <= block_first + 1; ++tile) {
    next_tile(tile);
    queries_tile<Dim, false>(sums, queries, gradients, own, keys, values, tile % 2 * kChunks, 0, scale.factor, lane);
  }
  for (; tile * kRows < end; ++tile) {
    next_tile(tile);
    const int from_key = first - tile * kRows;
    if (first < context && from_key + kOwn > 0)
      queries_tile<Dim, true>(sums, queries, gradients, own, keys, values, tile % 2 * kChunks, from_key, scale.factor,
                              lane);
  }
  write_gradient<Dim>(dqkv.from(at.q(b, h)), at.width, sums, first, context, dim, scale.scale, true, lane);
}

/// dK (without the scale) and dV of the warp's keys from one tile of queries. Scores are transposed, keys × queries, so
/// that they come out as the left matrices of the next products. Diagonal: some queries come before some key,
/// `from_query` being the first key's distance from the first query.
template <int Dim, bool Diagonal, class Tile, class Numbers>
__device__ __forceinline__ void keys_tile(float (&dkeys)[Dim / 8][4], float (&dvalues)[Dim / 8][4],
                                          const std::uint32_t (&keys)[Dim / 16][4],
                                          const std::uint32_t (&values)[Dim / 16][4], const Tile& queries,
                                          const Tile& gradients, int at, const Numbers& numbers, int numbers_at,
                                          int from_query, float factor, const Lane<Dim>& lane) {
  const int distance = from_query + lane.row - lane.column;
  MOE_LOOP
  for (int j = 0; j < Tiling<Dim>::rows; j += 16) {
    if (Diagonal && j + 15 < from_query) continue;
    float p[2][4] = {}, slopes[2][4] = {};
    dots<Dim>(p, keys, queries, at, j, lane);
    dots<Dim>(slopes, values, gradients, at, j, lane);
    MOE_UNROLL
    for (int n = 0; n < 2; ++n) {
      MOE_UNROLL
      for (int column = 0; column < 2; ++column) {
        const int query = j + 8 * n + column;  // after this lane's first
        const RowNumbers of_query = numbers[numbers_at + lane.column + query];
        MOE_UNROLL
        for (int i = column; i < 4; i += 2) {
          const bool seen = !Diagonal || distance + i / 2 * 8 <= query;
          p[n][i] = seen ? power_of_two(p[n][i] * factor - of_query.shift) : 0.f;
          slopes[n][i] = p[n][i] * (slopes[n][i] - of_query.along);
        }
      }
    }
    std::uint32_t weights[4];
    as_rows(weights, p[0], p[1]);
    add_rows<Dim>(dvalues, weights, gradients, at, j, lane);
    as_rows(weights, slopes[0], slopes[1]);
    add_rows<Dim>(dkeys, weights, queries, at, j, lane);
  }
}

/// grid: key/value heads, batch rows, blocks of keys, the first first, as most queries see them. The query heads of a
/// group come one after the other.
template <int Dim>
__global__ void __launch_bounds__(kKeyWarps * 32)
    keys_kernel(Target dqkv, const bf16* dout, const RowNumbers* numbers, const bf16* qkv, Heads at, Scale scale) {
  constexpr int kRows = Tiling<Dim>::rows, kBlock = kKeyWarps * kOwn, kChunks = Tiling<Dim>::chunks;
  MOE_SHARED(Chunk, queries, 2 * kChunks);
  MOE_SHARED(Chunk, gradients, 2 * kChunks);
  MOE_SHARED(RowNumbers, of_queries, 2 * kRows);
  const Lane<Dim> lane;
  const int g = static_cast<int>(blockIdx.x), b = static_cast<int>(blockIdx.y), dim = static_cast<int>(at.dim);
  const int context = static_cast<int>(at.context), width = static_cast<int>(at.width);
  const int share = static_cast<int>(at.heads) / static_cast<int>(at.kv_heads);
  const int block_first = static_cast<int>(blockIdx.z) * kBlock, first = block_first + lane.warp * kOwn;
  std::uint32_t keys[Dim / 16][4], values[Dim / 16][4];
  load_rows<Dim>(keys, {qkv + at.k(b, g), width}, first, context, dim, lane);
  load_rows<Dim>(values, {qkv + at.v(b, g), width}, first, context, dim, lane);
  float dkeys[Dim / 8][4] = {}, dvalues[Dim / 8][4] = {};
  const int tiles = (context - block_first + kRows - 1) / kRows;  // of one head
  const Copier<Dim, kKeyWarps> copier(dim);
  int h = g * share, from = block_first;  // of the tile that arrives
  RowNumbers arriving{};
  const auto copy = [&](int buffer) {
    const int out_width = static_cast<int>(at.out_width);
    copier.copy(queries, buffer, copier.start({qkv + at.q(b, h), width}, from), width, context - from);
    copier.copy(gradients, buffer, copier.start({dout + at.out(b, h), out_width}, from), out_width, context - from);
    commit_copies();
    const int row = from + static_cast<int>(threadIdx.x);
    arriving = row < context ? numbers[at.rows(b, h) + row] : RowNumbers{};
  };
  copy(0);
  for (int step = 0; step < share * tiles; ++step) {
    const int buffer = step % 2 * kChunks, numbers_at = step % 2 * kRows, from_query = first - from;
    if (threadIdx.x < kRows) of_queries[numbers_at + static_cast<int>(threadIdx.x)] = arriving;
    wait_copies<0>();
    __syncthreads();  // the tile is whole, and the one before no longer read
    if (step + 1 < share * tiles) {
      from += kRows;
      if (from >= context) from = block_first, ++h;
      copy(kChunks - buffer);
    }
    if (first >= context || from_query >= kRows) continue;
    if (from_query + kOwn - 1 <= 0)
      keys_tile<Dim, false>(dkeys, dvalues, keys, values, queries, gradients, buffer, of_queries, numbers_at,
                            from_query, scale.factor, lane);
    else
      keys_tile<Dim, true>(dkeys, dvalues, keys, values, queries, gradients, buffer, of_queries, numbers_at, from_query,
                           scale.factor, lane);
  }
  write_gradient<Dim>(dqkv.from(at.k(b, g)), at.width, dkeys, first, context, dim, scale.scale, true, lane);
  write_gradient<Dim>(dqkv.from(at.v(b, g)), at.width, dvalues, first, context, dim, 1.f, false, lane);
}

}  // namespace moe::cuda::mma
