// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/dispatch.h"

namespace moe::cuda {

class CudaDispatch final : public DispatchOps {
 public:
  explicit CudaDispatch(Runtime& runtime) : runtime_(runtime) {}
  void plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) override;
  void gather_forward(View x_sorted, ConstView x, const Plan& plan) override;
  void gather_backward(View dx, ConstView dx_sorted, const Plan& plan, bool accumulate_dx) override;
  void combine_forward(View y, ConstView y_sorted, const Plan& plan, bool accumulate) override;
  void combine_backward(View dy_sorted, View dweights, ConstView dy, ConstView y_sorted, const Plan& plan) override;
  void choices_from_plan(View out, ConstView dweights, const Plan& plan) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
