// SPDX-License-Identifier: Apache-2.0
// Soft mixtures: tokens mixed into slots and back; the meaning of every function is in engine/ops/soft.h under the same
// name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

struct SoftOps {
  virtual ~SoftOps() = default;
  virtual void unit_rows_forward(View y, View norms, ConstView x) = 0;
  virtual void unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) = 0;
  virtual void token_softmax_forward(View p, ConstView s, int batch) = 0;
  virtual void token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) = 0;
  virtual void mix_forward(View mixed, ConstView x, ConstView weights, int batch) = 0;
  virtual void mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) = 0;
  virtual void unmix_forward(View y, ConstView mixed, ConstView weights, int batch, bool accumulate) = 0;
  virtual void unmix_backward(View dslots, View dweights, ConstView dy, ConstView mixed, ConstView weights,
                              int batch) = 0;
};

}  // namespace moe
