// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/norm.h"

#include "engine/backend/cuda/packs.h"

namespace moe::cuda {
namespace {

/// `sum` may be null (no residual) or x itself.
template <int N, class T, class S>
void forward(Runtime& runtime, T* sum, S* y, T* inv_rms, const T* x, const T* delta, const T* w, T eps,
             std::int64_t rows, std::int64_t d) {
  for_rows(runtime, rows, d, [=] __device__(std::int64_t t, auto group) {
    const std::int64_t first = group.lane * N, step = group.size * N;
    T squares = 0;
    for (std::int64_t c = first; c < d; c += step) {
      auto value = load<N>(x + t * d + c);
      if (delta) {
        const auto more = load<N>(delta + t * d + c);
        for (int i = 0; i < N; ++i) value.at[i] += more.at[i];
      }
      if (sum) store(sum + t * d + c, value);
      for (int i = 0; i < N; ++i) squares += value.at[i] * value.at[i];
    }
    const T inv = T(1) / square_root(group.sum(squares) / static_cast<T>(d) + eps);
    const T* from = sum ? sum : x;  // each thread reads back what it wrote itself
    for (std::int64_t c = first; c < d; c += step) {
      auto value = load<N>(from + t * d + c);
      const auto scale = load<N>(w + c);
      for (int i = 0; i < N; ++i) value.at[i] = value.at[i] * inv * scale.at[i];
      store(y + t * d + c, value);
    }
    if (group.lane == 0) inv_rms[t] = inv;
  });
}

template <class T>
struct Gradient {
  T *dx, *partials;  // partials[blocks, d] of dw
  const T *dy, *x, *inv_rms, *w;
  bool accumulate;
  std::int64_t rows, d;
};

constexpr int kWarps = 8, kRowsOfBlock = 64;

/// Both gradients in one reading of dy and x. A warp takes every eighth of the block's 64 rows; a lane keeps its
/// columns 4·lane + 128·i, i < Packs, of dw in registers, and the warps add theirs one after the other.
template <class T, int Packs>
__global__ void gradient_kernel(Gradient<T> g) {
  constexpr int kColumns = 128 * Packs;
  MOE_SHARED(T, sums, kColumns);
  const Group<32> group{static_cast<int>(threadIdx.x) % 32};
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const std::int64_t begin = std::int64_t{blockIdx.x} * kRowsOfBlock;
  const std::int64_t end = begin + kRowsOfBlock < g.rows ? begin + kRowsOfBlock : g.rows;
  Pack<T, 4> dw[Packs] = {};
  for (std::int64_t t = begin + warp; t < end; t += kWarps) {
    Pack<T, 4> dy[Packs] = {}, x[Packs] = {};
    const T inv = g.inv_rms[t];
    T dot = 0;
    for (int p = 0; p < Packs; ++p) {
      const std::int64_t c = group.lane * 4 + 128 * p;
      if (c >= g.d) continue;
      dy[p] = load<4>(g.dy + t * g.d + c);
      x[p] = load<4>(g.x + t * g.d + c);
      const auto w = load<4>(g.w + c);
      for (int i = 0; i < 4; ++i) {
        dw[p].at[i] += dy[p].at[i] * x[p].at[i] * inv;
        dy[p].at[i] *= w.at[i];
        dot += dy[p].at[i] * x[p].at[i];
      }
    }
    const T along = group.sum(dot) * inv * inv * inv / static_cast<T>(g.d);
    for (int p = 0; p < Packs; ++p) {
      const std::int64_t c = group.lane * 4 + 128 * p;
      if (c >= g.d) continue;
      Pack<T, 4> out{};
      if (g.accumulate) out = load<4>(g.dx + t * g.d + c);
      for (int i = 0; i < 4; ++i) out.at[i] += inv * dy[p].at[i] - x[p].at[i] * along;
      store(g.dx + t * g.d + c, out);
    }
  }
  for (int turn = 0; turn < kWarps; ++turn) {
    if (warp == turn)
      for (int p = 0; p < Packs; ++p)
        for (int i = 0; i < 4; ++i) {
          const int c = group.lane * 4 + 128 * p + i;
          sums[c] = turn == 0 ? dw[p].at[i] : sums[c] + dw[p].at[i];
        }
    __syncthreads();
  }
  for (std::int64_t c = threadIdx.x; c < g.d; c += blockDim.x) g.partials[blockIdx.x * g.d + c] = sums[c];
}

template <class T, int Packs>
void launch_gradient(Runtime& runtime, T* dw, Gradient<T> g) {
  const std::int64_t blocks = ceil_div(g.rows, kRowsOfBlock);
  g.partials = runtime.partials<T>(blocks * g.d);
  launch(runtime, static_cast<unsigned>(blocks), 32 * kWarps, gradient_kernel<T, Packs>, g);
  const T* partials = g.partials;
  add_partials(runtime, blocks, g.d, partials, dw, [] __device__(T before, T sum) { return before + sum; });
}

/// Rows of any length, in two readings.
template <class T>
void any_gradient(Runtime& runtime, T* dw, const Gradient<T>& g) {
  const T *dy = g.dy, *x = g.x, *inv_rms = g.inv_rms, *w = g.w;
  T* const dx = g.dx;
  const bool accumulate = g.accumulate;
  const std::int64_t d = g.d;
  // dw first: dx may be dy.
  sum_columns(
      runtime, g.rows, d, dw,
      [=] __device__(std::int64_t t, std::int64_t c) { return dy[t * d + c] * x[t * d + c] * inv_rms[t]; },
      [] __device__(T before, T sum) { return before + sum; });
  for_rows(runtime, g.rows, d, [=] __device__(std::int64_t t, auto group) {
    T dot = 0;
    for (std::int64_t i = group.lane; i < d; i += group.size) dot += dy[t * d + i] * w[i] * x[t * d + i];
    const T inv = inv_rms[t];
    const T along = group.sum(dot) * inv * inv * inv / static_cast<T>(d);
    for (std::int64_t i = group.lane; i < d; i += group.size) {
      const std::int64_t at = t * d + i;
      const T gradient = inv * dy[at] * w[i] - x[at] * along;
      dx[at] = accumulate ? dx[at] + gradient : gradient;
    }
  });
}

template <class T>
void backward(Runtime& runtime, T* dw, const Gradient<T>& g) {
  if (g.rows == 0) return;
  with_width(
      g.d,
      [&]<int N>() {
        if (N == 1 || g.d > 1024) return any_gradient(runtime, dw, g);
        if (g.d <= 128) return launch_gradient<T, 1>(runtime, dw, g);
        if (g.d <= 256) return launch_gradient<T, 2>(runtime, dw, g);
        if (g.d <= 512) return launch_gradient<T, 4>(runtime, dw, g);
        launch_gradient<T, 8>(runtime, dw, g);
      },
      g.dx, g.dy, g.x, g.w);
}

template <class T>
void forward(Runtime& runtime, View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w, double eps) {
  T* const total = sum ? sum.as<T>() : nullptr;
  const T *from = x.as<T>(), *more = delta ? delta.as<T>() : nullptr, *scale = w.as<T>();
  with_stored<T>(y.dtype, [&]<class S>() {
    S* const to = y.as<S>();
    with_width(
        x.dim(1),
        [&]<int N>() {
          forward<N>(runtime, total, to, inv_rms.as<T>(), from, more, scale, static_cast<T>(eps), x.dim(0), x.dim(1));
        },
        total, to, from, more, scale);
  });
}

}  // namespace

void CudaNorm::rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) {
  with_real(x.dtype, [&]<class T>() { forward<T>(runtime_, {}, y, inv_rms, x, {}, w, eps); });
}

void CudaNorm::add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                                    double eps) {
  with_real(x.dtype, [&]<class T>() { forward<T>(runtime_, sum, y, inv_rms, x, delta, w, eps); });
}

void CudaNorm::rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                                 bool accumulate_dx) {
  with_real(x.dtype, [&]<class T>() {
    backward<T>(
        runtime_, dw.as<T>(),
        {dx.as<T>(), nullptr, dy.as<T>(), x.as<T>(), inv_rms.as<T>(), w.as<T>(), accumulate_dx, x.dim(0), x.dim(1)});
  });
}

}  // namespace moe::cuda
