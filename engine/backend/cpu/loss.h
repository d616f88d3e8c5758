// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/loss.h"

namespace moe::cpu {

class CpuLoss final : public LossOps {
 public:
  explicit CpuLoss(Runtime& runtime) : runtime_(runtime) {}
  void cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) override;
  void squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cpu
