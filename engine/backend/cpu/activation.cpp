// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/activation.h"

#include <cstring>
#include <numbers>

#include "engine/backend/cpu/vector_math.h"

namespace moe::cpu {
namespace {

// Of one row: forward writes weight·f(x); backward writes dx of dy·weight and returns ⟨dy, f(x)⟩.

template <class T>
void swiglu_row(T* y, const T* x, std::int64_t f, T weight) {
  const T *gate = x, *up = x + f;
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = weight * (gate[i] * sigmoid(gate[i]) * up[i]);
}

/// d silu(g)/dg = σ(g)·(1 + g·(1 − σ(g))).
template <class T>
T swiglu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f, T weight) {
  const T *gate = x, *up = x + f;
  T *dgate = dx, *dup = dx + f;
  T inner = 0;
#pragma omp simd reduction(+ : inner)
  for (std::int64_t i = 0; i < f; ++i) {
    const T s = sigmoid(gate[i]);
    const T silu = gate[i] * s, d = weight * dy[i];
    inner += dy[i] * (silu * up[i]);
    dup[i] = d * silu;
    dgate[i] = d * up[i] * (s + silu * (T(1) - s));
  }
  return inner;
}

/// gelu(x) = x·Φ(x), Φ the normal distribution function: Hendrycks & Gimpel 2016, the exact form.
template <class T>
T normal_cdf(T x) {
  return T(0.5) * (T(1) + fast_erf(x * T(1 / std::numbers::sqrt2)));
}

template <class T>
void gelu_row(T* y, const T* x, std::int64_t f, T weight) {
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = weight * (x[i] * normal_cdf(x[i]));
}

template <class T>
T gelu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f, T weight) {
  constexpr T kDensity = T(0.5 * std::numbers::inv_sqrtpi * std::numbers::sqrt2);  // 1/sqrt(2π)
  T inner = 0;
#pragma omp simd reduction(+ : inner)
  for (std::int64_t i = 0; i < f; ++i) {
    const T below = normal_cdf(x[i]);
    inner += dy[i] * (x[i] * below);
    dx[i] = weight * dy[i] * (below + x[i] * kDensity * fast_exp(T(-0.5) * x[i] * x[i]));
  }
  return inner;
}

template <class T>
void relu_row(T* y, const T* x, std::int64_t f, T weight) {
#pragma omp simd
  for (std::int64_t i = 0; i < f; ++i) y[i] = weight * (x[i] < T(0) ? T(0) : x[i]);
}

template <class T>
T relu_row_backward(T* dx, const T* dy, const T* x, std::int64_t f, T weight) {
  T inner = 0;
#pragma omp simd reduction(+ : inner)
  for (std::int64_t i = 0; i < f; ++i) {
    inner += dy[i] * (x[i] < T(0) ? T(0) : x[i]);
    dx[i] = x[i] > T(0) ? weight * dy[i] : T(0);
  }
  return inner;
}

template <class T>
void forward_row(Activation kind, T* y, const T* x, std::int64_t f, T weight) {
  if (kind == Activation::swiglu) return swiglu_row(y, x, f, weight);
  if (kind == Activation::relu) return relu_row(y, x, f, weight);
  gelu_row(y, x, f, weight);
}

template <class T>
T backward_row(Activation kind, T* dx, const T* dy, const T* x, std::int64_t f, T weight) {
  if (kind == Activation::swiglu) return swiglu_row_backward(dx, dy, x, f, weight);
  if (kind == Activation::relu) return relu_row_backward(dx, dy, x, f, weight);
  return gelu_row_backward(dx, dy, x, f, weight);
}

}  // namespace

void CpuActivation::activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t f = y.dim(1), width = x.dim(1);
    const T* weight = weights ? weights.as<T>() : nullptr;
    runtime_.for_ranges(rows, row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r)
        forward_row(kind, y.as<T>() + r * f, x.as<T>() + r * width, f, weight ? weight[r] : T(1));
    });
  });
}

void CpuActivation::activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows,
                                        ConstView weights, View dweights) {
  with_real(dy.dtype, [&]<class T>() {
    const std::int64_t f = dy.dim(1), width = x.dim(1);
    const T* weight = weights ? weights.as<T>() : nullptr;
    runtime_.for_ranges(rows, row_grain(width), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t r = begin; r < end; ++r) {
        const T inner = backward_row(kind, dx.as<T>() + r * width, dy.as<T>() + r * f, x.as<T>() + r * width, f,
                                     weight ? weight[r] : T(1));
        if (weight) dweights.as<T>()[r] = inner;
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
