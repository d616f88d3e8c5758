// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/noise.h"

#include <cmath>
#include <numbers>

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

constexpr double kFloor = 1e-2;  // of the learned width: 1701.06538's code never lets it reach zero

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double normal_cdf(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }
double normal_pdf(double z) { return std::exp(-0.5 * z * z) * std::numbers::inv_sqrtpi / std::numbers::sqrt2; }

std::uint64_t index(std::int64_t i) { return static_cast<std::uint64_t>(i); }

/// Of one row of noisy logits: its k + 1 best experts (k when k = E), best first.
template <class T>
class Thresholds {
 public:
  Thresholds(Runtime& runtime, std::int64_t experts, int k, LoadThreshold kind)
      : experts_(experts), k_(k), own_(kind == LoadThreshold::own && k < experts) {
    const std::int64_t held = std::min<std::int64_t>(k + 1, experts);
    ids_ = runtime.scratch<std::int32_t>(0);
    chosen_ = ids_ + held;
    best_ = runtime.scratch<T>(1);
    held_ = static_cast<std::int32_t>(held);
  }
  /// Before the loop whose tasks make one.
  static void reserve(Runtime& runtime, std::int64_t experts) {
    runtime.reserve_scratch<std::int32_t>(0, 2 * experts);
    runtime.reserve_scratch<T>(1, experts);
  }
  void read(const T* noisy) {
    top_k_row(ids_, best_, noisy, experts_, held_);
    std::fill_n(chosen_, experts_, 0);
    for (int j = 0; j < k_; ++j) chosen_[ids_[j]] = 1;
  }
  /// The expert whose noisy logit e has to beat.
  std::int32_t against(std::int64_t e) const { return own_ && chosen_[e] ? ids_[k_] : ids_[k_ - 1]; }

 private:
  std::int64_t experts_;
  int k_;
  bool own_;
  std::int32_t *ids_, *chosen_, held_;
  T* best_;
};

}  // namespace

void CpuNoise::add_normal(View x, const RandomStream& stream, double sigma) {
  with_real(x.dtype, [&]<class T>() {
    for_elements(x.size(), [&](std::int64_t i) { x.as<T>()[i] += static_cast<T>(sigma * stream.normal(index(i))); });
  });
}

void CpuNoise::add_uniform(View x, const RandomStream& stream, double half_width) {
  with_real(x.dtype, [&]<class T>() {
    for_elements(x.size(), [&](std::int64_t i) {
      x.as<T>()[i] += static_cast<T>(half_width * (2 * stream.uniform(index(i)) - 1));
    });
  });
}

void CpuNoise::scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) {
  with_real(x.dtype, [&]<class T>() {
    for_elements(x.size(), [&](std::int64_t i) {
      const T scaled = x.as<T>()[i] * static_cast<T>(1 + epsilon * (2 * stream.uniform(index(i)) - 1));
      y.as<T>()[i] = accumulate ? y.as<T>()[i] + scaled : scaled;
    });
  });
}

void CpuNoise::learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                                     const RandomStream& stream) {
  with_real(clean.dtype, [&]<class T>() {
    for_elements(clean.size(), [&](std::int64_t i) {
      const double width = softplus(static_cast<double>(raw.as<T>()[i])) + kFloor;
      sigma.as<T>()[i] = static_cast<T>(width);
      noisy.as<T>()[i] = clean.as<T>()[i] + static_cast<T>(width * stream.normal(index(i)));
    });
  });
}

void CpuNoise::learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                                      const RandomStream& stream) {
  with_real(raw.dtype, [&]<class T>() {
    for_elements(raw.size(), [&](std::int64_t i) {
      double slope = stream.normal(index(i)) * static_cast<double>(dnoisy.as<T>()[i]);
      if (dsigma) slope += static_cast<double>(dsigma.as<T>()[i]);
      draw.as<T>()[i] = static_cast<T>(sigmoid(static_cast<double>(raw.as<T>()[i])) * slope);
    });
  });
}

void CpuNoise::smooth_load_forward(View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                                   LoadThreshold threshold) {
  with_real(clean.dtype, [&]<class T>() {
    const std::int64_t rows = clean.dim(0), n = clean.dim(1);
    if (k == n) {
      std::fill_n(load.as<T>(), n, static_cast<T>(rows));
      return;
    }
    Thresholds<T>::reserve(runtime_, n);
    runtime_.reduce_rows(rows, n, false, load.as<T>(), [&](std::int64_t begin, std::int64_t end, T* partial) {
      Thresholds<T> thresholds(runtime_, n, k, threshold);
      for (std::int64_t t = begin; t < end; ++t) {
        thresholds.read(noisy.as<T>() + t * n);
        for (std::int64_t e = 0; e < n; ++e) {
          const T gap = clean.as<T>()[t * n + e] - noisy.as<T>()[t * n + thresholds.against(e)];
          partial[e] += static_cast<T>(normal_cdf(static_cast<double>(gap / sigma.as<T>()[t * n + e])));
        }
      }
    });
  });
}

void CpuNoise::smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean,
                                    ConstView noisy, ConstView sigma, int k, LoadThreshold threshold) {
  with_real(clean.dtype, [&]<class T>() {
    const std::int64_t n = clean.dim(1);
    if (k == n) return;
    Thresholds<T>::reserve(runtime_, n);
    runtime_.for_ranges(clean.dim(0), row_grain(n), [&](std::int64_t begin, std::int64_t end) {
      Thresholds<T> thresholds(runtime_, n, k, threshold);
      for (std::int64_t t = begin; t < end; ++t) {
        thresholds.read(noisy.as<T>() + t * n);
        for (std::int64_t e = 0; e < n; ++e) {
          const std::int64_t i = t * n + e, rival = t * n + thresholds.against(e);
          const double width = static_cast<double>(sigma.as<T>()[i]);
          const double z = static_cast<double>(clean.as<T>()[i] - noisy.as<T>()[rival]) / width;
          const double slope = static_cast<double>(dload.as<T>()[e]) * normal_pdf(z) / width;
          dclean.as<T>()[i] += static_cast<T>(slope);
          dnoisy.as<T>()[rival] -= static_cast<T>(slope);
          if (dsigma) dsigma.as<T>()[i] -= static_cast<T>(slope * z);
        }
      }
    });
  });
}

}  // namespace moe::cpu
