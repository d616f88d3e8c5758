// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/dispatch.h"

namespace moe::cuda {

class CudaDispatch final : public DispatchOps {
 public:
  explicit CudaDispatch(Runtime& runtime) : runtime_(runtime) {}
  void plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) override;
  void permute(View x_sorted, ConstView x, const Plan& plan) override;
  void unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) override;
  void choices_from_plan(View out, ConstView dweights, const Plan& plan) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
