// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/norm.h"

#include <cmath>

namespace moe::cpu {
namespace {

/// y = x·w/rms(x) for one row; returns 1/rms.
template <class T>
T norm_row(T* y, const T* x, const T* w, std::int64_t d, T eps) {
  T squares = 0;
#pragma omp simd reduction(+ : squares)
  for (std::int64_t i = 0; i < d; ++i) squares += x[i] * x[i];
  const T inv = T(1) / std::sqrt(squares / static_cast<T>(d) + eps);
#pragma omp simd
  for (std::int64_t i = 0; i < d; ++i) y[i] = x[i] * inv * w[i];
  return inv;
}

/// One row of the backward, with g = dy·w: dx (+)= inv·g − x·inv³·mean(g·x), and dw += dy·x·inv.
template <class T>
void norm_row_backward(T* dx, T* dw, const T* dy, const T* x, const T* w, T inv, std::int64_t d, bool accumulate) {
  T dot = 0;
#pragma omp simd reduction(+ : dot)
  for (std::int64_t i = 0; i < d; ++i) dot += dy[i] * w[i] * x[i];
  const T along = dot * inv * inv * inv / static_cast<T>(d);
  if (accumulate) {
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) {
      dw[i] += dy[i] * x[i] * inv;
      dx[i] += inv * dy[i] * w[i] - x[i] * along;
    }
  } else {
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) {
      dw[i] += dy[i] * x[i] * inv;
      dx[i] = inv * dy[i] * w[i] - x[i] * along;
    }
  }
}

}  // namespace

void CpuNorm::rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t d = x.dim(1);
    runtime_.for_ranges(x.dim(0), row_grain(d), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        inv_rms.as<T>()[t] = norm_row(y.as<T>() + t * d, x.as<T>() + t * d, w.as<T>(), d, static_cast<T>(eps));
    });
  });
}

void CpuNorm::add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                                   double eps) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t d = x.dim(1);
    runtime_.for_ranges(x.dim(0), row_grain(d), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        T* s = sum.as<T>() + t * d;
        const T *a = x.as<T>() + t * d, *b = delta.as<T>() + t * d;
#pragma omp simd
        for (std::int64_t i = 0; i < d; ++i) s[i] = a[i] + b[i];
        inv_rms.as<T>()[t] = norm_row(y.as<T>() + t * d, s, w.as<T>(), d, static_cast<T>(eps));
      }
    });
  });
}

void CpuNorm::rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                                bool accumulate_dx) {
  with_real(x.dtype, [&]<class T>() {
    const std::int64_t d = x.dim(1);
    runtime_.reduce_rows(x.dim(0), d, true, dw.as<T>(), [&](std::int64_t begin, std::int64_t end, T* partial) {
      for (std::int64_t t = begin; t < end; ++t)
        norm_row_backward(dx.as<T>() + t * d, partial, dy.as<T>() + t * d, x.as<T>() + t * d, w.as<T>(),
                          inv_rms.as<T>()[t], d, accumulate_dx);
    });
  });
}

}  // namespace moe::cpu
