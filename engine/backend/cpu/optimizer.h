// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/optimizer.h"

namespace moe::cpu {

class CpuOptimizer final : public OptimizerOps {
 public:
  explicit CpuOptimizer(Runtime& runtime) : runtime_(runtime) {}
  void adamw_step(View w, View g, View m, View v, View rounded, const AdamW& a) override;
  Scalar sum_of_squares(ConstView x) override;
  Scalar sum(ConstView x) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cpu
