// SPDX-License-Identifier: Apache-2.0
// The optimiser's passes over parameters; the meaning of every function is in engine/ops/optimizer.h under the same
// name.
#pragma once
#include <cmath>
#include <cstdint>

#include "engine/backend/families/scalar.h"
#include "engine/core/tensor.h"

namespace moe {

struct AdamW {
  double lr, beta1, beta2, eps, weight_decay;  // weight_decay 0 for norms
  std::int64_t step;                           // 1-based, for bias correction
  double gradient_scale;                       // clipping and accumulation, applied to g first
};

/// The step's constants, rounded to the type it is computed in:
/// w ← keep·w − rate·m / (√v·unbias + eps) with m, v decayed by beta and fed with rest.
template <class T>
struct AdamWFactors {
  T beta1, beta2, rest1, rest2, eps, scale, rate, unbias, keep;
  explicit AdamWFactors(const AdamW& a)
      : beta1(static_cast<T>(a.beta1)),
        beta2(static_cast<T>(a.beta2)),
        rest1(static_cast<T>(1 - a.beta1)),
        rest2(static_cast<T>(1 - a.beta2)),
        eps(static_cast<T>(a.eps)),
        scale(static_cast<T>(a.gradient_scale)),
        rate(static_cast<T>(a.lr / (1 - std::pow(a.beta1, static_cast<double>(a.step))))),
        unbias(static_cast<T>(1 / std::sqrt(1 - std::pow(a.beta2, static_cast<double>(a.step))))),
        keep(static_cast<T>(1 - a.lr * a.weight_decay)) {}
};

struct OptimizerOps {
  virtual ~OptimizerOps() = default;
  virtual void adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) = 0;
  virtual Scalar sum_of_squares(ConstView x) = 0;
  virtual Scalar sum(ConstView x) = 0;
};

}  // namespace moe
