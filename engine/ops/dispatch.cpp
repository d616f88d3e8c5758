// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/dispatch.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

/// A plan for `tokens` tokens; returns its Rmax.
std::int64_t check_plan(const char* op, const Plan& plan, std::int64_t tokens) {
  require(plan.token_ids.shape.rank == 1 && plan.offsets.shape.rank == 1 && plan.offsets.size() >= 2, op,
          "token_ids[Rmax], offsets[E+1]");
  const Shape rows = plan.token_ids.shape;
  require(is_i32(plan.token_ids, rows) && is_i32(plan.choices, rows) && is_i32(plan.token_rows, rows), op,
          "token_ids, choices and token_rows [Rmax] int32");
  require(is_real(plan.weights) && plan.weights.shape == rows, op, "weights[Rmax] of a floating-point dtype");
  require(plan.offsets.dtype == DType::i32 && is_i32(plan.token_offsets, {tokens + 1}), op,
          "offsets[E+1] and token_offsets[T+1] int32");
  return rows[0];
}

/// Rows by token beside rows by assignment, [T,D] and [Rmax,D].
void check_rows(const Context& ctx, const char* op, ConstView by_token, ConstView by_row, const Plan& plan) {
  require(by_token.shape.rank == 2, op, "[T,D]");
  const auto rows = check_plan(op, plan, by_token.dim(0));
  require(same_real({by_token, plan.weights}), op, "one floating-point dtype");
  require(by_row.shape == Shape({rows, by_token.dim(1)}), op, "[Rmax,D] beside [T,D]");
  require(is_operand(ctx, by_row, by_token.dtype), op, "sorted rows of the tokens' dtype or stored rounded");
}

}  // namespace

void plan_from_choices(Context& ctx, Plan& plan, ConstView ids, ConstView weights, int experts, std::int64_t most) {
  constexpr auto kOp = "plan_from_choices";
  require(ids.shape.rank == 2 && is_i32(ids, weights.shape), kOp, "ids[T,K] int32, weights[T,K]");
  const auto rows = check_plan(kOp, plan, ids.dim(0));
  require(same_real({plan.weights, weights}), kOp, "weights of one floating-point dtype");
  require(rows >= (most < 0 ? ids.size() : most) && plan.offsets.size() == experts + 1, kOp,
          "Rmax >= T*K or the bound given, offsets[E+1]");
  ctx.backend.dispatch().plan_from_choices(plan, ids, weights, experts);
}

void permute(Context& ctx, View x_sorted, ConstView x, const Plan& plan) {
  check_rows(ctx, "permute", x, x_sorted, plan);
  ctx.backend.dispatch().permute(x_sorted, x, plan);
}

void unpermute(Context& ctx, View x, ConstView x_sorted, const Plan& plan, bool accumulate) {
  check_rows(ctx, "unpermute", x, x_sorted, plan);
  ctx.backend.dispatch().unpermute(x, x_sorted, plan, accumulate);
}

void choices_from_plan(Context& ctx, View out, ConstView dweights, const Plan& plan) {
  constexpr auto kOp = "choices_from_plan";
  require(out.shape.rank == 2 && same_real({out, dweights}), kOp, "out[T,K] and dweights of one floating-point dtype");
  require(dweights.shape == Shape{check_plan(kOp, plan, out.dim(0))}, kOp, "dweights[Rmax]");
  ctx.backend.dispatch().choices_from_plan(out, dweights, plan);
}

}  // namespace moe::ops
