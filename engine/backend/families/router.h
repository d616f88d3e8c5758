// SPDX-License-Identifier: Apache-2.0
// What routing policies are made of; the meaning of every function is in engine/ops/router.h under the same name.
#pragma once
#include "engine/backend/families/scalar.h"
#include "engine/core/tensor.h"

namespace moe {

struct RouterOps {
  virtual ~RouterOps() = default;
  virtual void softmax_forward(View p, ConstView s) = 0;
  virtual void softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) = 0;
  virtual void top_k(View ids, ConstView scores, int k) = 0;
  virtual void take_forward(View y, ConstView x, ConstView ids) = 0;
  virtual void take_backward(View dx, ConstView dy, ConstView ids) = 0;
  virtual void renormalise_forward(View w, ConstView y, double eps) = 0;
  virtual void renormalise_backward(View dy, ConstView dw, ConstView y, double eps) = 0;
  virtual void count_choices(View counts, View mass, ConstView ids, ConstView weights) = 0;
  virtual void column_mean(View mean, ConstView p) = 0;
  virtual void balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) = 0;
  virtual void balance_gradient(View dp, ConstView counts, int k, double coefficient) = 0;
  virtual Scalar balance_loss(ConstView p, ConstView counts, int k) = 0;
  virtual void log_sum_exp(View lse, ConstView s) = 0;
  virtual void z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) = 0;
  virtual Scalar mean_entropy(ConstView p) = 0;
  virtual void sigmoid_forward(View y, ConstView x) = 0;
  virtual void sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) = 0;
  virtual void add_row(View y, ConstView row, double alpha) = 0;
  virtual Scalar squared_cv(ConstView x) = 0;
  virtual void squared_cv_backward(View dx, ConstView x, double coefficient) = 0;
};

}  // namespace moe
