// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/activation.h"

namespace moe::cpu {

class CpuActivation final : public ActivationOps {
 public:
  explicit CpuActivation(Runtime& runtime) : runtime_(runtime) {}
  void activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) override;
  void activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows, ConstView weights,
                           View dweights) override;
  void add_scaled(View y, ConstView x, double alpha) override;
  void fill(View y, double value) override;
  void copy(View y, ConstView x) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cpu
