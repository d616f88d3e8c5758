// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/optimizer.h"

namespace moe::cuda {

class CudaOptimizer final : public OptimizerOps {
 public:
  explicit CudaOptimizer(Runtime& runtime) : runtime_(runtime) {}
  void adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) override;
  Scalar sum_of_squares(ConstView x) override;
  Scalar sum(ConstView x) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
