// SPDX-License-Identifier: Apache-2.0
// Softmax cross-entropy; its meaning is in engine/ops/loss.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

struct LossOps {
  virtual ~LossOps() = default;
  virtual void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) = 0;
};

}  // namespace moe
