// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/router.h"

namespace moe::cuda {

class CudaRouter final : public RouterOps {
 public:
  explicit CudaRouter(Runtime& runtime) : runtime_(runtime) {}
  void softmax_forward(View p, ConstView s) override;
  void softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) override;
  void top_k(View ids, ConstView scores, int k) override;
  void take_forward(View y, ConstView x, ConstView ids) override;
  void take_backward(View dx, ConstView dy, ConstView ids) override;
  void renormalise_forward(View w, ConstView y, double eps) override;
  void renormalise_backward(View dy, ConstView dw, ConstView y, double eps) override;
  void count_choices(View counts, View mass, ConstView ids, ConstView weights) override;
  void column_mean(View mean, ConstView p) override;
  void balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) override;
  void balance_gradient(View dp, ConstView counts, int k, double coefficient) override;
  Scalar balance_loss(ConstView p, ConstView counts, int k) override;
  void log_sum_exp(View lse, ConstView s) override;
  void z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) override;
  Scalar mean_entropy(ConstView p) override;
  void sigmoid_forward(View y, ConstView x) override;
  void sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) override;
  void add_row(View y, ConstView row, double alpha) override;
  Scalar squared_cv(ConstView x) override;
  void squared_cv_backward(View dx, ConstView x, double coefficient) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
