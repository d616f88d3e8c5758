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

template <Activation Kind>
constexpr int kInputs = Kind == Activation::swiglu ? 2 : 1;  // numbers of x for one of f(x)

/// y[c, c + N) = weight·f(x) of one row.
template <Activation Kind, int N, class S, class T>
__device__ void forward_cells(S* y, const S* x, std::int64_t f, std::int64_t c, T weight) {
  auto pack = load<N>(x + c);
  if constexpr (Kind == Activation::swiglu) {
    const auto up = load<N>(x + f + c);
    for (int i = 0; i < N; ++i) pack.at[i] = weight * (pack.at[i] * sigmoid(pack.at[i]) * up.at[i]);
  } else if constexpr (Kind == Activation::relu) {
    for (T& v : pack.at) v = weight * (v < T(0) ? T(0) : v);
  } else {
    for (T& v : pack.at) v = weight * (v * normal_cdf(v));
  }
  store(y + c, pack);
}

/// dx of weight·dy[c, c + N) of one row; returns Σ dy·f(x) over the same numbers.
template <Activation Kind, int N, class S, class T>
__device__ T backward_cells(S* dx, const S* dy, const S* x, std::int64_t f, std::int64_t c, T weight) {
  const auto gradient = load<N>(dy + c);
  auto pack = load<N>(x + c);
  T inner = 0;
  if constexpr (Kind == Activation::swiglu) {
    auto up = load<N>(x + f + c);
    for (int i = 0; i < N; ++i) {
      const T s = sigmoid(pack.at[i]), silu = pack.at[i] * s, d = weight * gradient.at[i];
      inner += gradient.at[i] * (silu * up.at[i]);
      pack.at[i] = d * up.at[i] * (s + silu * (T(1) - s));
      up.at[i] = d * silu;
    }
    store(dx + f + c, up);
  } else {
    for (int i = 0; i < N; ++i) {
      const T v = pack.at[i], d = weight * gradient.at[i];
      if constexpr (Kind == Activation::relu) {
        inner += gradient.at[i] * (v < T(0) ? T(0) : v);
        pack.at[i] = v > T(0) ? d : T(0);
      } else {
        constexpr T kDensity = T(0.39894228040143267794);  // 1/sqrt(2π)
        const T below = normal_cdf(v);
        inner += gradient.at[i] * (v * below);
        pack.at[i] = d * (below + v * kDensity * exponential(T(-0.5) * v * v));
      }
    }
  }
  store(dx + c, pack);
  return inner;
}

template <Activation Kind, int N, class S, class T>
void forward(Runtime& runtime, S* y, const S* x, std::int64_t rows, std::int64_t f, const T* weights) {
  for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
    forward_cells<Kind, decltype(width)::value>(y + r * f, x + r * kInputs<Kind> * f, f, c,
                                                weights ? weights[r] : T(1));
  });
}

template <Activation Kind, int N, class S, class T>
void backward(Runtime& runtime, S* dx, const S* dy, const S* x, std::int64_t rows, std::int64_t f, const T* weights,
              T* dweights) {
  constexpr int kWide = kInputs<Kind>;
  if (!weights)
    return for_cells<N>(runtime, rows, f, [=] __device__(std::int64_t r, std::int64_t c, auto width) {
      backward_cells<Kind, decltype(width)::value>(dx + r * kWide * f, dy + r * f, x + r * kWide * f, f, c, T(1));
    });
  for_warp_rows(runtime, rows, [=] __device__(std::int64_t r, auto group) {
    T inner = 0;
    for (std::int64_t c = group.lane * N; c < f; c += group.size * N)
      inner += backward_cells<Kind, N>(dx + r * kWide * f, dy + r * f, x + r * kWide * f, f, c, weights[r]);
    inner = group.sum(inner);
    if (group.lane == 0) dweights[r] = inner;
  });
}

/// f.template operator()<Kind>().
template <class F>
void with_kind(Activation kind, F&& f) {
  if (kind == Activation::swiglu) return f.template operator()<Activation::swiglu>();
  if (kind == Activation::relu) return f.template operator()<Activation::relu>();
  f.template operator()<Activation::gelu>();
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

void CudaActivation::activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) {
  with_storage(x.dtype, [&]<class S, class T>() {
    with_kind(kind, [&]<Activation Kind>() {
      S* to = y.as<S>();
      const S* from = x.as<S>();
      const T* factors = weights ? weights.as<T>() : nullptr;
      with_width(
          y.dim(1), [&]<int N>() { forward<Kind, N>(runtime_, to, from, rows, y.dim(1), factors); }, to, from);
    });
  });
}

void CudaActivation::activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows,
                                         ConstView weights, View dweights) {
  with_storage(x.dtype, [&]<class S, class T>() {
    with_kind(kind, [&]<Activation Kind>() {
      S* to = dx.as<S>();
      const S *gradient = dy.as<S>(), *from = x.as<S>();
      const T* factors = weights ? weights.as<T>() : nullptr;
      T* slopes = dweights ? dweights.as<T>() : nullptr;
      with_width(
          dy.dim(1),
          [&]<int N>() { backward<Kind, N>(runtime_, to, gradient, from, rows, dy.dim(1), factors, slopes); }, to,
          gradient, from);
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
