// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/activation.h"

#include <cstring>
#include <numbers>

#include "engine/backend/cpu/vector_math.h"

namespace moe::cpu {
namespace {

template <class T>
void swiglu_row(T* y, const T* x, std::int64_t f) {
  const T *gate = x, *up = x + f;
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = gate[i] * sigmoid(gate[i]) * up[i];
}

/// d silu(g)/dg = σ(g)·(1 + g·(1 − σ(g))).
template <class T>
void swiglu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f) {
  const T *gate = x, *up = x + f;
  T *dgate = dx, *dup = dx + f;
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) {
    const T s = sigmoid(gate[i]);
    const T silu = gate[i] * s;
    dup[i] = dy[i] * silu;
    dgate[i] = dy[i] * up[i] * (s + silu * (T(1) - s));
  }
}

/// gelu(x) = x·Φ(x), Φ the normal distribution function: Hendrycks & Gimpel 2016, the exact form.
template <class T>
T normal_cdf(T x) {
  return T(0.5) * (T(1) + fast_erf(x * T(1 / std::numbers::sqrt2)));
}

template <class T>
void gelu_row(T* y, const T* x, std::int64_t f) {
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = x[i] * normal_cdf(x[i]);
}

template <class T>
void gelu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f) {
  constexpr T kDensity = T(0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2);  // 1/sqrt(2π)
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i)
    dx[i] = dy[i] * (normal_cdf(x[i]) + x[i] * kDensity * fast_exp(T(-0.5) * x[i] * x[i]));
}

template <class T>
void relu_row(T* y, const T* x, std::int64_t f) {
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = x[i] < T(0) ? T(0) : x[i];
}

template <class T>
void relu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f) {
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) dx[i] = x[i] > T(0) ? dy[i] : T(0);
}

}  // namespace

void CpuActivation::activation_forward(View y, ConstView x, Activation kind, std::int64_t rows) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t f = y.dim(1), width = x.dim(1);
    runtime_.for_ranges(rows, row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        T* out = y.as<T>() + r * f;
        const T* in = x.as<T>() + r * width;
        switch (kind) {
          case Activation::swiglu:
            swiglu_row(out, in, f);
            break;
          case Activation::relu:
            relu_row(out, in, f);
            break;
          case Activation::gelu:
            gelu_row(out, in, f);
            break;
        }
      }
    });
  });
}

void CpuActivation::activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows) {
  with_real(dy.dtype, [&]<class T>() {
    const std::int64_t f = dy.dim(1), width = x.dim(1);
    runtime_.for_ranges(rows, row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        T* out = dx.as<T>() + r * width;
        const T *gradient = dy.as<T>() + r * f, *in = x.as<T>() + r * width;
        switch (kind) {
          case Activation::swiglu:
            swiglu_row_backward(out, gradient, in, f);
            break;
          case Activation::relu:
            relu_row_backward(out, gradient, in, f);
            break;
          case Activation::gelu:
            gelu_row_backward(out, gradient, in, f);
            break;
        }
      }
    });
  });
}

void CpuActivation::add_scaled(View y, ConstView x, double alpha) {
  with_real(y.dtype, [&]<class T>() {
    runtime_.for_ranges(y.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      T* to = y.as<T>();
      const T* from = x.as<T>();
      const T a = static_cast<T>(alpha);
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) to[i] += a * from[i];
    });
  });
}

void CpuActivation::fill(View y, double value) {
  runtime_.for_ranges(y.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
    if (y.dtype == DType::i32)
      std::fill(y.as<std::int32_t>() + begin, y.as<std::int32_t>() + end, static_cast<std::int32_t>(value));
    else
      with_real(y.dtype, [&]<class T>() { std::fill(y.as<T>() + begin, y.as<T>() + end, static_cast<T>(value)); });
  });
}

void CpuActivation::copy(View y, ConstView x) {
  const auto bytes = static_cast<std::int64_t>(y.bytes());
  runtime_.for_ranges(bytes, kElementGrain * 4, [&](std::int64_t begin, std::int64_t end) {
    std::memcpy(static_cast<char*>(y.data) + begin, static_cast<const char*>(x.data) + begin,
                static_cast<std::size_t>(end - begin));
  });
}

}  // namespace moe::cpu
