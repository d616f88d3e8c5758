// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/norm.h"

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

/// `sum` may be null (no residual) or x itself.
template <class T>
void forward(Runtime& runtime, T* sum, T* y, T* inv_rms, const T* x, const T* delta, const T* w, T eps,
             std::int64_t rows, std::int64_t d) {
  for_rows(runtime, rows, d, [=] __device__(std::int64_t t, auto group) {
    T squares = 0;
    for (std::int64_t i = t * d + group.lane; i < (t + 1) * d; i += group.size) {
      const T value = delta ? x[i] + delta[i] : x[i];
      if (sum) sum[i] = value;
      squares += value * value;
    }
    const T inv = T(1) / square_root(group.sum(squares) / static_cast<T>(d) + eps);
    const T* from = sum ? sum : x;  // each thread reads back what it wrote itself
    for (std::int64_t i = group.lane; i < d; i += group.size) y[t * d + i] = from[t * d + i] * inv * w[i];
    if (group.lane == 0) inv_rms[t] = inv;
  });
}

template <class T>
void backward(Runtime& runtime, T* dx, T* dw, const T* dy, const T* x, const T* inv_rms, const T* w, bool accumulate,
              std::int64_t rows, std::int64_t d) {
  // dw first: dx may be dy.
  sum_columns(
      runtime, rows, d, dw,
      [=] __device__(std::int64_t t, std::int64_t c) { return dy[t * d + c] * x[t * d + c] * inv_rms[t]; },
      [] __device__(T before, T sum) { return before + sum; });
  for_rows(runtime, rows, d, [=] __device__(std::int64_t t, auto group) {
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

}  // namespace

void CudaNorm::rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) {
  with_real(x.dtype, [&]<class T>() {
    forward<T>(runtime_, nullptr, y.as<T>(), inv_rms.as<T>(), x.as<T>(), nullptr, w.as<T>(), static_cast<T>(eps),
               x.dim(0), x.dim(1));
  });
}

void CudaNorm::add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                                    double eps) {
  with_real(x.dtype, [&]<class T>() {
    forward<T>(runtime_, sum.as<T>(), y.as<T>(), inv_rms.as<T>(), x.as<T>(), delta.as<T>(), w.as<T>(),
               static_cast<T>(eps), x.dim(0), x.dim(1));
  });
}

void CudaNorm::rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                                 bool accumulate_dx) {
  with_real(x.dtype, [&]<class T>() {
    backward(runtime_, dx.as<T>(), dw.as<T>(), dy.as<T>(), x.as<T>(), inv_rms.as<T>(), w.as<T>(), accumulate_dx,
             x.dim(0), x.dim(1));
  });
}

}  // namespace moe::cuda
