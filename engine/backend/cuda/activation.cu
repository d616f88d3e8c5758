// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/activation.h"

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

/// gelu(x) = x·Φ(x), Φ the normal distribution function.
template <class T>
__device__ T normal_cdf(T x) {
  return T(0.5) * (T(1) + error_function(x * T(0.70710678118654752440)));
}

template <class T>
void forward(Runtime& runtime, T* y, const T* x, Activation kind, std::int64_t rows, std::int64_t f) {
  if (kind == Activation::swiglu) {
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) {
      const std::int64_t gate = i / f * 2 * f + i % f;
      y[i] = x[gate] * sigmoid(x[gate]) * x[gate + f];
    });
  } else if (kind == Activation::relu) {
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) { y[i] = x[i] < T(0) ? T(0) : x[i]; });
  } else {
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) { y[i] = x[i] * normal_cdf(x[i]); });
  }
}

template <class T>
void backward(Runtime& runtime, T* dx, const T* dy, const T* x, Activation kind, std::int64_t rows, std::int64_t f) {
  if (kind == Activation::swiglu) {
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) {
      const std::int64_t gate = i / f * 2 * f + i % f, up = gate + f;
      const T s = sigmoid(x[gate]), silu = x[gate] * s;
      const T gradient = dy[i];
      dx[gate] = gradient * x[up] * (s + silu * (T(1) - s));
      dx[up] = gradient * silu;
    });
  } else if (kind == Activation::relu) {
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) { dx[i] = x[i] > T(0) ? dy[i] : T(0); });
  } else {
    constexpr T kDensity = T(0.39894228040143267794);  // 1/sqrt(2π)
    for_elements(runtime, rows * f, [=] __device__(std::int64_t i) {
      dx[i] = dy[i] * (normal_cdf(x[i]) + x[i] * kDensity * exponential(T(-0.5) * x[i] * x[i]));
    });
  }
}

template <class T>
void add(Runtime& runtime, T* y, const T* x, T alpha, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) { y[i] += alpha * x[i]; });
}

template <class T>
void set(Runtime& runtime, T* y, T value, std::int64_t n) {
  runtime.forget_offsets(y, static_cast<std::size_t>(n) * sizeof(T));
  for_elements(runtime, n, [=] __device__(std::int64_t i) { y[i] = value; });
}

}  // namespace

void CudaActivation::activation_forward(View y, ConstView x, Activation kind, std::int64_t rows) {
  with_real(y.dtype, [&]<class T>() { forward(runtime_, y.as<T>(), x.as<T>(), kind, rows, y.dim(1)); });
}

void CudaActivation::activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows) {
  with_real(dy.dtype, [&]<class T>() { backward(runtime_, dx.as<T>(), dy.as<T>(), x.as<T>(), kind, rows, dy.dim(1)); });
}

void CudaActivation::add_scaled(View y, ConstView x, double alpha) {
  with_real(y.dtype, [&]<class T>() { add(runtime_, y.as<T>(), x.as<T>(), static_cast<T>(alpha), y.size()); });
}

void CudaActivation::fill(View y, double value) {
  if (y.dtype == DType::i32)
    set(runtime_, y.as<std::int32_t>(), static_cast<std::int32_t>(value), y.size());
  else
    with_real(y.dtype, [&]<class T>() { set(runtime_, y.as<T>(), static_cast<T>(value), y.size()); });
}

void CudaActivation::copy(View y, ConstView x) { runtime_.copy(y.data, x.data, y.bytes()); }

}  // namespace moe::cuda
