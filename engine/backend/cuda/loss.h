// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/loss.h"

namespace moe::cuda {

class CudaLoss final : public LossOps {
 public:
  explicit CudaLoss(Runtime& runtime) : runtime_(runtime) {}
  void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) override;
  void squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
