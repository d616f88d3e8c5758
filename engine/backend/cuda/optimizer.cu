// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/optimizer.h"

#include <cmath>

#include "engine/backend/cuda/packs.h"

namespace moe::cuda {
namespace {

template <int N>
inline __device__ void store_rounded(bf16* to, std::int64_t at, const Pack<float, N>& x) {
  if (to) store(to + at, x);
}
template <int N>
inline __device__ void store_rounded(bf16*, std::int64_t, const Pack<double, N>&) {}  // float64 is never rounded

/// `rounded` may be null.
template <int N, class T>
void adamw(Runtime& runtime, T* w, T* g, T* m, T* v, bf16* rounded, const AdamW& a, std::int64_t n) {
  const AdamWFactors<T> f(a);
  for_cells<N>(runtime, 1, n, [=] __device__(std::int64_t, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    auto weights = load<kWidth>(w + c), means = load<kWidth>(m + c), squares = load<kWidth>(v + c);
    const auto gradients = load<kWidth>(g + c);
    for (int i = 0; i < kWidth; ++i) {
      const T gradient = gradients.at[i] * f.scale;
      T &mean = means.at[i], &square = squares.at[i];
      mean = f.beta1 * mean + f.rest1 * gradient;
      square = f.beta2 * square + f.rest2 * gradient * gradient;
      weights.at[i] = f.keep * weights.at[i] - f.rate * mean / (square_root(square) * f.unbias + f.eps);
    }
    store(w + c, weights);
    store(m + c, means);
    store(v + c, squares);
    store(g + c, Pack<T, kWidth>{});
    store_rounded(rounded, c, weights);
  });
}

template <class T>
void squares(Runtime& runtime, double* out, const T* x, std::int64_t n) {
  sum_on_device(
      runtime, n, out, [=] __device__(std::int64_t i) { return static_cast<double>(x[i]) * static_cast<double>(x[i]); },
      [] __device__(double sum) { return sum; });
}

template <class T>
void total(Runtime& runtime, double* out, const T* x, std::int64_t n) {
  sum_on_device(
      runtime, n, out, [=] __device__(std::int64_t i) { return static_cast<double>(x[i]); },
      [] __device__(double sum) { return sum; });
}

}  // namespace

void CudaOptimizer::adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) {
  bf16* narrow = rounded ? rounded.as<bf16>() : nullptr;
  with_real(w.dtype, [&]<class T>() {
    T *value = w.as<T>(), *gradient = g.as<T>(), *mean = m.as<T>(), *square = v.as<T>();
    with_width(
        w.size(), [&]<int N>() { adamw<N>(runtime_, value, gradient, mean, square, narrow, a, w.size()); }, value,
        gradient, mean, square, narrow);
  });
}

Scalar CudaOptimizer::sum_of_squares(ConstView x) {
  return runtime_.scalar(
      [&](double* out) { with_real(x.dtype, [&]<class T>() { squares(runtime_, out, x.as<T>(), x.size()); }); });
}

Scalar CudaOptimizer::sum(ConstView x) {
  return runtime_.scalar(
      [&](double* out) { with_real(x.dtype, [&]<class T>() { total(runtime_, out, x.as<T>(), x.size()); }); });
}

}  // namespace moe::cuda
