// SPDX-License-Identifier: Apache-2.0
// The optimiser's passes over parameters; the meaning of every function is in engine/ops/optimizer.h under the same
// name.
#pragma once
#include <cstdint>

#include "engine/backend/families/scalar.h"
#include "engine/core/tensor.h"

namespace moe {

struct AdamW {
  double lr, beta1, beta2, eps, weight_decay;  // weight_decay 0 for norms
  std::int64_t step;                           // 1-based, for bias correction
  double gradient_scale;                       // clipping and accumulation, applied to g first
};

struct OptimizerOps {
  virtual ~OptimizerOps() = default;
  virtual void adamw_step(View w, View g, View m, View v, const AdamW& a) = 0;
  virtual Scalar sum_of_squares(ConstView x) = 0;
  virtual Scalar sum(ConstView x) = 0;
};

}  // namespace moe
