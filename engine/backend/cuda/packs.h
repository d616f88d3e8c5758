// SPDX-License-Identifier: Apache-2.0
// Four neighbouring numbers at a time, where a row's length allows it: memory answers requests of 16 bytes best. And
// numbers on their way to a product, which may be stored as bfloat16.
#pragma once
#include "engine/backend/cuda/rows.h"

namespace moe::cuda {

template <class T, int N>
struct alignas(N * sizeof(T)) Pack {
  T at[N];
};

/// from[0, N) as numbers to compute with: float32 where they are stored as bfloat16.
template <int N, class S>
inline __device__ auto load(const S* from) {
  using Whole = Pack<S, N>;
  MOE_WHOLE(Whole, from);
  const Whole stored = *reinterpret_cast<const Whole*>(from);
  Pack<decltype(number(S{})), N> out;
  for (int i = 0; i < N; ++i) out.at[i] = number(stored.at[i]);
  return out;
}

/// to[0, N) = x, rounded where `to` is bfloat16.
template <int N, class S, class T>
inline __device__ void store(S* to, const Pack<T, N>& x) {
  using Whole = Pack<S, N>;
  MOE_WHOLE(Whole, to);
  Whole out;
  for (int i = 0; i < N; ++i) put(&out.at[i], x.at[i]);
  *reinterpret_cast<Whole*>(to) = out;
}

/// f.template operator()<S, T>() with the type that numbers are stored in and the one they are computed in.
template <class F>
void with_storage(DType dtype, F&& f) {
  if (dtype == DType::f64) return f.template operator()<double, double>();
  if (dtype == DType::bf16) return f.template operator()<bf16, float>();
  f.template operator()<float, float>();
}

/// f.template operator()<S>() with the type that `dtype` stores numbers of type T in.
template <class T, class F>
void with_stored(DType dtype, F&& f) {
  if constexpr (std::is_same_v<T, float>)
    if (dtype == DType::bf16) return f.template operator()<bf16>();
  f.template operator()<T>();
}

template <int N>
using Width = std::integral_constant<int, N>;

/// f.template operator()<N>(): 4 where rows of `cols` numbers at these addresses fall into aligned packs, else 1.
template <class F, class... P>
void with_width(std::int64_t cols, F&& f, const P*... rows) {
  const bool aligned = (... && (reinterpret_cast<std::uintptr_t>(rows) % (4 * sizeof(P)) == 0));
  if (cols % 4 == 0 && aligned) return f.template operator()<4>();
  f.template operator()<1>();
}

template <int N, class Index, class F>
__global__ void cells_kernel(Index packs, Index per_row, F f) {
  const Index stride = static_cast<Index>(gridDim.x) * blockDim.x;
  for (Index i = static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x; i < packs; i += stride) {
    const Index row = i / per_row;
    f(static_cast<std::int64_t>(row), static_cast<std::int64_t>(i - row * per_row) * N, Width<N>{});
  }
}

/// f(row, first column, Width<N>) for every pack of N columns; `cols` is a multiple of N. Divides in 32 bits where that
/// is enough, which takes a fraction of the time.
template <int N, class F>
void for_cells(Runtime& runtime, std::int64_t rows, std::int64_t cols, F f) {
  constexpr std::int64_t kBlock = 256, kMost = 16384;
  const std::int64_t per_row = cols / N, packs = rows * per_row, blocks = ceil_div(packs, kBlock);
  if (packs <= 0) return;
  const auto grid = static_cast<unsigned>(blocks < kMost ? blocks : kMost);
  if (packs < std::int64_t{1} << 31)
    launch(runtime, grid, kBlock, cells_kernel<N, std::uint32_t, F>, static_cast<std::uint32_t>(packs),
           static_cast<std::uint32_t>(per_row), f);
  else
    launch(runtime, grid, kBlock, cells_kernel<N, std::int64_t, F>, packs, per_row, f);
}

template <int N>
void round_packs(Runtime& runtime, bf16* to, const float* x, std::int64_t n) {
  for_cells<N>(runtime, 1, n, [=] __device__(std::int64_t, std::int64_t c, auto width) {
    store(to + c, load<decltype(width)::value>(x + c));
  });
}

/// to[i] = x[i] rounded.
inline void round_to_bf16(Runtime& runtime, bf16* to, const float* x, std::int64_t n) {
  with_width(
      n, [&]<int N>() { round_packs<N>(runtime, to, x, n); }, to, x);
}

}  // namespace moe::cuda
