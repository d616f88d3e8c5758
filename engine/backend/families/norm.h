// SPDX-License-Identifier: Apache-2.0
// RMS norm; the meaning of every function is in engine/ops/norm.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

struct NormOps {
  virtual ~NormOps() = default;
  virtual void rms_norm_forward(View y, View inv_rms, ConstView x, ConstView w, double eps) = 0;
  virtual void add_rms_norm_forward(View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                                    double eps) = 0;
  virtual void rms_norm_backward(View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                                 bool accumulate_dx) = 0;
};

}  // namespace moe
