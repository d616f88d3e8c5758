// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/norm.h"

namespace moe::cuda {

class CudaNorm final : public NormOps {
 public:
  explicit CudaNorm(Runtime& runtime) : runtime_(runtime) {}
  void rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) override;
  void add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                            double eps) override;
  void rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                         bool accumulate_dx) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
