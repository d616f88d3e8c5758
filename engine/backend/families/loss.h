// SPDX-License-Identifier: Apache-2.0
// Task losses; the meaning of every function is in engine/ops/loss.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

struct LossOps {
  virtual ~LossOps() = default;
  virtual void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) = 0;
  virtual void squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) = 0;
};

}  // namespace moe
