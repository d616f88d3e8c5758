// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/soft.h"

namespace moe::cpu {

class CpuSoft final : public SoftOps {
 public:
  explicit CpuSoft(Runtime& runtime) : runtime_(runtime) {}
  void unit_rows_forward(View y, View norms, ConstView x) override;
  void unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) override;
  void token_softmax_forward(View p, ConstView s, int batch) override;
  void token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) override;
  void mix_forward(View slots, ConstView x, ConstView weights, int batch) override;
  void mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) override;
  void unmix_forward(View y, ConstView slots, ConstView weights, int batch, bool accumulate) override;
  void unmix_backward(View dslots, View dweights, ConstView dy, ConstView slots, ConstView weights, int batch) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cpu
