// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/noise.h"

#include "engine/backend/cuda/random.h"
#include "engine/backend/cuda/router_kernels.h"

namespace moe::cuda {
namespace {

constexpr double kFloor = 1e-2;  // of the learned width, as on the CPU

__device__ double softplus(double x) { return (x > 0.0 ? x : 0.0) + log_of_one_plus(exponential(-fabs(x))); }
__device__ double logistic(double x) {
  return x >= 0 ? 1 / (1 + exponential(-x)) : exponential(x) / (1 + exponential(x));
}
__device__ double normal_cdf(double z) { return 0.5 * error_complement(-z * 0.70710678118654752440); }
__device__ double normal_pdf(double z) { return exponential(-0.5 * z * z) * 0.39894228040143267794; }

template <class T>
void normals(Runtime& runtime, T* x, DeviceStream stream, double sigma, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    x[i] += static_cast<T>(sigma * stream.normal(static_cast<std::uint64_t>(i)));
  });
}

template <class T>
void uniforms(Runtime& runtime, T* x, DeviceStream stream, double half_width, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    x[i] += static_cast<T>(half_width * (2 * stream.uniform(static_cast<std::uint64_t>(i)) - 1));
  });
}

template <class T>
void scaled(Runtime& runtime, T* y, const T* x, DeviceStream stream, double epsilon, bool accumulate, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    const T value = x[i] * static_cast<T>(1 + epsilon * (2 * stream.uniform(static_cast<std::uint64_t>(i)) - 1));
    y[i] = accumulate ? y[i] + value : value;
  });
}

template <class T>
void learned(Runtime& runtime, T* noisy, T* sigma, const T* clean, const T* raw, DeviceStream stream, std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    const double width = softplus(static_cast<double>(raw[i])) + kFloor;
    sigma[i] = static_cast<T>(width);
    noisy[i] = clean[i] + static_cast<T>(width * stream.normal(static_cast<std::uint64_t>(i)));
  });
}

/// dsigma may be null.
template <class T>
void learned_gradient(Runtime& runtime, T* draw, const T* dnoisy, const T* dsigma, const T* raw, DeviceStream stream,
                      std::int64_t n) {
  for_elements(runtime, n, [=] __device__(std::int64_t i) {
    double slope = stream.normal(static_cast<std::uint64_t>(i)) * static_cast<double>(dnoisy[i]);
    if (dsigma) slope += static_cast<double>(dsigma[i]);
    draw[i] = static_cast<T>(logistic(static_cast<double>(raw[i])) * slope);
  });
}

/// The k + 1 best experts of every row of noisy logits, and which of them an expert has to beat.
struct Rivals {
  const std::int32_t* best;  // [rows, k + 1]
  std::int64_t k;
  bool own;
  __device__ std::int64_t of(std::int64_t row, std::int64_t e) const {
    const std::int32_t* ids = best + row * (k + 1);
    if (own)
      for (std::int64_t j = 0; j < k; ++j)
        if (ids[j] == e) return ids[k];
    return ids[k - 1];
  }
};

template <class T>
Rivals rivals_of(Runtime& runtime, const T* noisy, int k, LoadThreshold threshold, std::int64_t rows, std::int64_t n) {
  std::int32_t* best = runtime.scratch(2).get<std::int32_t>(rows * (k + 1));
  choose(runtime, best, noisy, k + 1, rows, n);
  return {best, k, threshold == LoadThreshold::own};
}

template <class T>
void load(Runtime& runtime, T* load, const T* clean, const T* noisy, const T* sigma, int k, LoadThreshold threshold,
          std::int64_t rows, std::int64_t n) {
  if (k == n) return for_elements(runtime, n, [=] __device__(std::int64_t e) { load[e] = static_cast<T>(rows); });
  const Rivals rivals = rivals_of(runtime, noisy, k, threshold, rows, n);
  sum_columns(
      runtime, rows, n, load,
      [=] __device__(std::int64_t t, std::int64_t e) {
        const T gap = clean[t * n + e] - noisy[t * n + rivals.of(t, e)];
        return static_cast<T>(normal_cdf(static_cast<double>(gap / sigma[t * n + e])));
      },
      [] __device__(T, T sum) { return sum; });
}

/// dsigma may be null. A row has two rivals at most: their shares are summed by the row's threads in a fixed order.
template <class T>
void load_gradient(Runtime& runtime, T* dclean, T* dnoisy, T* dsigma, const T* dload, const T* clean, const T* noisy,
                   const T* sigma, int k, LoadThreshold threshold, std::int64_t rows, std::int64_t n) {
  const Rivals rivals = rivals_of(runtime, noisy, k, threshold, rows, n);
  for_rows(runtime, rows, n, [=] __device__(std::int64_t t, auto group) {
    const std::int64_t last = rivals.best[t * (rivals.k + 1) + rivals.k - 1];
    double of_last = 0, of_next = 0;
    for (std::int64_t e = group.lane; e < n; e += group.size) {
      const std::int64_t i = t * n + e, rival = rivals.of(t, e);
      const double width = static_cast<double>(sigma[i]);
      const double z = static_cast<double>(clean[i] - noisy[t * n + rival]) / width;
      const double slope = static_cast<double>(dload[e]) * normal_pdf(z) / width;
      dclean[i] += static_cast<T>(slope);
      if (dsigma) dsigma[i] -= static_cast<T>(slope * z);
      (rival == last ? of_last : of_next) += slope;
    }
    of_last = group.sum(of_last);
    of_next = group.sum(of_next);
    if (group.lane != 0) return;
    dnoisy[t * n + last] -= static_cast<T>(of_last);
    if (rivals.own) dnoisy[t * n + rivals.best[t * (rivals.k + 1) + rivals.k]] -= static_cast<T>(of_next);
  });
}

}  // namespace

void CudaNoise::add_normal(View x, const RandomStream& stream, double sigma) {
  with_real(x.dtype, [&]<class T>() { normals(runtime_, x.as<T>(), DeviceStream(stream), sigma, x.size()); });
}

void CudaNoise::add_uniform(View x, const RandomStream& stream, double half_width) {
  with_real(x.dtype, [&]<class T>() { uniforms(runtime_, x.as<T>(), DeviceStream(stream), half_width, x.size()); });
}

void CudaNoise::scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) {
  with_real(x.dtype, [&]<class T>() {
    scaled(runtime_, y.as<T>(), x.as<T>(), DeviceStream(stream), epsilon, accumulate, x.size());
  });
}

void CudaNoise::learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                                      const RandomStream& stream) {
  with_real(clean.dtype, [&]<class T>() {
    learned(runtime_, noisy.as<T>(), sigma.as<T>(), clean.as<T>(), raw.as<T>(), DeviceStream(stream), clean.size());
  });
}

void CudaNoise::learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                                       const RandomStream& stream) {
  with_real(raw.dtype, [&]<class T>() {
    learned_gradient<T>(runtime_, draw.as<T>(), dnoisy.as<T>(), dsigma ? dsigma.as<T>() : nullptr, raw.as<T>(),
                        DeviceStream(stream), raw.size());
  });
}

void CudaNoise::smooth_load_forward(View load_of, ConstView clean, ConstView noisy, ConstView sigma, int k,
                                    LoadThreshold threshold) {
  with_real(clean.dtype, [&]<class T>() {
    load(runtime_, load_of.as<T>(), clean.as<T>(), noisy.as<T>(), sigma.as<T>(), k, threshold, clean.dim(0),
         clean.dim(1));
  });
}

void CudaNoise::smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean,
                                     ConstView noisy, ConstView sigma, int k, LoadThreshold threshold) {
  if (k == clean.dim(1)) return;
  with_real(clean.dtype, [&]<class T>() {
    load_gradient<T>(runtime_, dclean.as<T>(), dnoisy.as<T>(), dsigma ? dsigma.as<T>() : nullptr, dload.as<T>(),
                     clean.as<T>(), noisy.as<T>(), sigma.as<T>(), k, threshold, clean.dim(0), clean.dim(1));
  });
}

}  // namespace moe::cuda
