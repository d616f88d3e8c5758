// SPDX-License-Identifier: Apache-2.0
// The optimiser's passes over parameters. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::AdamW;

/// Decoupled weight decay, Loshchilov & Hutter 2019: m, v moments; w -= lr·(m̂/(sqrt(v̂)+eps) + weight_decay·w).
/// The gradient is set to zero in the same pass. `rounded`, where the backend stores_bf16(): receives w as bfloat16.
void adamw_step(Context& ctx, View w, View g, View m, View v, const AdamW& a, View rounded = {});
/// Σ x² in float64, fixed order; non-finite when any element is.
Scalar sum_of_squares(Context& ctx, ConstView x);
Scalar sum(Context& ctx, ConstView x);

}  // namespace moe::ops
