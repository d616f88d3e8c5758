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
/// x_sorted[R,D] = x[token_ids]; rows beyond R untouched.
void permute(Context& ctx, View x_sorted, ConstView x, const Plan& plan);
/// Its transpose: x[t] (+)= Σ over the token's assignments, in their order, of x_sorted.
void unpermute(Context& ctx, View x, ConstView x_sorted, const Plan& plan, bool accumulate);
/// dweights of assignments back to choices: out[T,K] (0 where dropped).
void choices_from_plan(Context& ctx, View out, ConstView dweights, const Plan& plan);

}  // namespace moe::ops
