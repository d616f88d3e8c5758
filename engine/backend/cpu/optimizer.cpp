// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/optimizer.h"

#include <cmath>

namespace moe::cpu {

void CpuOptimizer::adamw_step(View w, View g, View m, View v, View, const AdamW& a) {
  with_real(w.dtype, [&]<class T>() {
    const AdamWFactors<T> factors(a);
    runtime_.for_ranges(w.size(), kElementGrain, [&](std::int64_t begin, std::int64_t end) {
      const AdamWFactors<T> f = factors;  // a copy that nothing points to stays in registers
      T *ws = w.as<T>(), *gs = g.as<T>(), *ms = m.as<T>(), *vs = v.as<T>();
#pragma omp simd
      for (std::int64_t i = begin; i < end; ++i) {
        const T gradient = gs[i] * f.scale;
        const T mean = f.beta1 * ms[i] + f.rest1 * gradient;
        const T square = f.beta2 * vs[i] + f.rest2 * gradient * gradient;
        ms[i] = mean;
        vs[i] = square;
        ws[i] = f.keep * ws[i] - f.rate * mean / (std::sqrt(square) * f.unbias + f.eps);
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
