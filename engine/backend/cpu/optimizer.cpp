// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/optimizer.h"

#include <cmath>

namespace moe::cpu {

void CpuOptimizer::adamw_step(View w, View g, View m, View v, const AdamW& a) {
  with_real(w.dtype, [&]<class T>() {
    const double steps = static_cast<double>(a.step);
    const T beta1 = static_cast<T>(a.beta1), beta2 = static_cast<T>(a.beta2), eps = static_cast<T>(a.eps);
    const T rest1 = static_cast<T>(1 - a.beta1), rest2 = static_cast<T>(1 - a.beta2);
    const T scale = static_cast<T>(a.gradient_scale);
    const T rate = static_cast<T>(a.lr / (1 - std::pow(a.beta1, steps)));
    const T unbias = static_cast<T>(1 / std::sqrt(1 - std::pow(a.beta2, steps)));
    const T keep = static_cast<T>(1 - a.lr * a.weight_decay);
    runtime_.for_ranges(w.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      T *ws = w.as<T>(), *gs = g.as<T>(), *ms = m.as<T>(), *vs = v.as<T>();
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        const T gradient = gs[i] * scale;
        const T mean = beta1 * ms[i] + rest1 * gradient;
        const T square = beta2 * vs[i] + rest2 * gradient * gradient;
        ms[i] = mean;
        vs[i] = square;
        ws[i] = keep * ws[i] - rate * mean / (std::sqrt(square) * unbias + eps);
        gs[i] = T(0);
      }
    });
  });
}

Scalar CpuOptimizer::sum_of_squares(ConstView x) {
  return with_real(x.dtype, [&]<class T>() {
    return runtime_.reduce(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      const T* from = x.as<T>();
      double total = 0;
#pragma omp simd reduction(+ : total)
      for (std::int64_t i = begin; i < end; ++i) total += static_cast<double>(from[i]) * static_cast<double>(from[i]);
      return total;
    });
  });
}

Scalar CpuOptimizer::sum(ConstView x) {
  return with_real(x.dtype, [&]<class T>() {
    return runtime_.reduce(x.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      const T* from = x.as<T>();
      double total = 0;
#pragma omp simd reduction(+ : total)
      for (std::int64_t i = begin; i < end; ++i) total += static_cast<double>(from[i]);
      return total;
    });
  });
}

}  // namespace moe::cpu
