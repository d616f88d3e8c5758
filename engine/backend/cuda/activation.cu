// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/activation.h"

#include "engine/backend/cuda/packs.h"

namespace moe::cuda {
namespace {

/// gelu(x) = x·Φ(x), Φ the normal distribution function.
template <class T>
__device__ T normal_cdf(T x) {
  return T(0.5) * (T(1) + error_function(x * T(0.70710678118654752440)));
}

/// y = f(x), pack by pack.
template <int N, class T, class S, class F>
void map(Runtime& runtime, S* y, const T* x, std::int64_t rows, std::int64_t f, F function) {
  for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    auto pack = load<decltype(width)::value>(x + r * f + c);
    for (T& number : pack.at) number = function(number);
    store(y + r * f + c, pack);
  });
}

template <int N, class T, class S>
void swiglu(Runtime& runtime, S* y, const T* x, std::int64_t rows, std::int64_t f) {
  for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    auto gate = load<kWidth>(x + r * 2 * f + c);
    const auto up = load<kWidth>(x + r * 2 * f + f + c);
    for (int i = 0; i < kWidth; ++i) gate.at[i] = gate.at[i] * sigmoid(gate.at[i]) * up.at[i];
    store(y + r * f + c, gate);
  });
}

template <int N, class T, class S>
void forward(Runtime& runtime, S* y, const T* x, Activation kind, std::int64_t rows, std::int64_t f) {
  if (kind == Activation::swiglu) return swiglu<N>(runtime, y, x, rows, f);
  if (kind == Activation::relu)
    return map<N>(runtime, y, x, rows, f, [] __device__(T v) { return v < T(0) ? T(0) : v; });
  map<N>(runtime, y, x, rows, f, [] __device__(T v) { return v * normal_cdf(v); });
}

/// dx = dy∘slope(x), pack by pack.
template <int N, class T, class S, class F>
void map_gradient(Runtime& runtime, S* dx, const T* dy, const T* x, std::int64_t rows, std::int64_t f, F slope) {
  for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    auto gradient = load<kWidth>(dy + r * f + c);
    const auto at = load<kWidth>(x + r * f + c);
    for (int i = 0; i < kWidth; ++i) gradient.at[i] = slope(at.at[i], gradient.at[i]);
    store(dx + r * f + c, gradient);
  });
}

template <int N, class T, class S>
void swiglu_gradient(Runtime& runtime, S* dx, const T* dy, const T* x, std::int64_t rows, std::int64_t f) {
  for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    constexpr int kWidth = decltype(width)::value;
    auto gate = load<kWidth>(x + r * 2 * f + c), up = load<kWidth>(x + r * 2 * f + f + c);
    const auto gradient = load<kWidth>(dy + r * f + c);
    for (int i = 0; i < kWidth; ++i) {
      const T s = sigmoid(gate.at[i]), silu = gate.at[i] * s;
      gate.at[i] = gradient.at[i] * up.at[i] * (s + silu * (T(1) - s));
      up.at[i] = gradient.at[i] * silu;
    }
    store(dx + r * 2 * f + c, gate);
    store(dx + r * 2 * f + f + c, up);
  });
}

template <int N, class T, class S>
void backward(Runtime& runtime, S* dx, const T* dy, const T* x, Activation kind, std::int64_t rows, std::int64_t f) {
  if (kind == Activation::swiglu) return swiglu_gradient<N>(runtime, dx, dy, x, rows, f);
  if (kind == Activation::relu)
    return map_gradient<N>(runtime, dx, dy, x, rows, f, [] __device__(T v, T d) { return v > T(0) ? d : T(0); });
  map_gradient<N>(runtime, dx, dy, x, rows, f, [] __device__(T v, T d) {
    constexpr T kDensity = T(0.39894228040143267794);  // 1/sqrt(2π)
    return d * (normal_cdf(v) + v * kDensity * exponential(T(-0.5) * v * v));
  });
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
  with_real(x.dtype, [&]<class T>() {
    with_stored<T>(y.dtype, [&]<class S>() {
      with_width(
          y.dim(1), [&]<int N>() { forward<N>(runtime_, y.as<S>(), x.as<T>(), kind, rows, y.dim(1)); }, y.as<S>(),
          x.as<T>());
    });
  });
}

void CudaActivation::activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows) {
  with_real(x.dtype, [&]<class T>() {
    with_stored<T>(dx.dtype, [&]<class S>() {
      with_width(
          dy.dim(1), [&]<int N>() { backward<N>(runtime_, dx.as<S>(), dy.as<T>(), x.as<T>(), kind, rows, dy.dim(1)); },
          dx.as<S>(), dy.as<T>(), x.as<T>());
    });
  });
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

void CudaActivation::copy(View y, ConstView x) {
  if (y.dtype == x.dtype) return runtime_.copy(y.data, x.data, y.bytes());
  round_to_bf16(runtime_, y.as<bf16>(), x.as<float>(), y.size());
}

}  // namespace moe::cuda
