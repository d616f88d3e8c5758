// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/optimizer.h"

#include <cmath>

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

template <class T>
void adamw(Runtime& runtime, T* w, T* g, T* m, T* v, const AdamW& a, std::int64_t n) {
  const AdamWFactors<T> f(a);
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    const T gradient = g[i] * f.scale;
    const T mean = f.beta1 * m[i] + f.rest1 * gradient;
    const T square = f.beta2 * v[i] + f.rest2 * gradient * gradient;
    m[i] = mean;
    v[i] = square;
    w[i] = f.keep * w[i] - f.rate * mean / (square_root(square) * f.unbias + f.eps);
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
