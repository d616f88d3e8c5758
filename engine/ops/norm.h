// SPDX-License-Identifier: Apache-2.0
// RMS norm. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

/// y = x·inv_rms·w, inv_rms[T] = 1/sqrt(mean(x²)+eps); y may be stored rounded. Zhang & Sennrich 2019.
void rms_norm_forward(Context& ctx, View y, View inv_rms, ConstView x, ConstView w, double eps);
/// sum = x + delta, then the norm of sum: the residual add and the next norm in one pass. `sum` may be x.
void add_rms_norm_forward(Context& ctx, View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                          double eps);
/// dx (+)= the gradient; dw[D] +=.
void rms_norm_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                       bool accumulate_dx);

}  // namespace moe::ops
