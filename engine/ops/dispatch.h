// SPDX-License-Identifier: Apache-2.0
// Tokens to experts and back. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::Plan;

/// From ids[T,K] (−1 = none) and weights[T,K]. `most`: bound on the ids that are not −1 where it is below T·K; the plan
/// must have room for so many.
void plan_from_choices(Context& ctx, Plan& plan, ConstView ids, ConstView weights, int experts, std::int64_t most = -1);
/// x_sorted[R,D] = x[token_ids], may be stored rounded; rows beyond R untouched. The backward adds each row back: dx
/// (+)= in fixed order.
void gather_forward(Context& ctx, View x_sorted, ConstView x, const Plan& plan);
void gather_backward(Context& ctx, View dx, ConstView dx_sorted, const Plan& plan, bool accumulate_dx);
/// y[t] (+)= Σ over the token's assignments of weight·y_sorted.
void combine_forward(Context& ctx, View y, ConstView y_sorted, const Plan& plan, bool accumulate);
/// dy_sorted[r] = weight_r·dy[t], may be stored rounded; dweights[Rmax] = ⟨dy[t], y_sorted[r]⟩ in assignment order.
void combine_backward(Context& ctx, View dy_sorted, View dweights, ConstView dy, ConstView y_sorted, const Plan& plan);
/// dweights of assignments back to choices: out[T,K] (0 where dropped).
void choices_from_plan(Context& ctx, View out, ConstView dweights, const Plan& plan);

}  // namespace moe::ops
