// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/optimizer.h"

#include <cmath>

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

template <class T>
void adamw(Runtime& runtime, T* w, T* g, T* m, T* v, const AdamW& a, std::int64_t n) {
  const double steps = static_cast<double>(a.step);
  const T beta1 = static_cast<T>(a.beta1), beta2 = static_cast<T>(a.beta2), eps = static_cast<T>(a.eps);
  const T rest1 = static_cast<T>(1 - a.beta1), rest2 = static_cast<T>(1 - a.beta2);
  const T scale = static_cast<T>(a.gradient_scale);
  const T rate = static_cast<T>(a.lr / (1 - std::pow(a.beta1, steps)));
  const T unbias = static_cast<T>(1 / std::sqrt(1 - std::pow(a.beta2, steps)));
  const T keep = static_cast<T>(1 - a.lr * a.weight_decay);
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    const T gradient = g[i] * scale;
    const T mean = beta1 * m[i] + rest1 * gradient;
    const T square = beta2 * v[i] + rest2 * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    w[i] = keep * w[i] - rate * mean / (square_root(square) * unbias + eps);
    g[i] = T(0);
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

void CudaOptimizer::adamw_step(View w, View g, View m, View v, const AdamW& a) {
  with_real(w.dtype, [&]<class T>() { adamw(runtime_, w.as<T>(), g.as<T>(), m.as<T>(), v.as<T>(), a, w.size()); });
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
