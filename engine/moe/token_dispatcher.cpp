// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/token_dispatcher.h"

namespace moe::routing {

View TokenDispatcher::dispatch(nn::Pass& pass, ConstView x, const Decision& decision, int experts) {
  tokens_ = x.dim(0);
  choices_ = decision.choices;
  const std::int64_t rows = decision.most_assignments > 0 ? decision.most_assignments : tokens_ * choices_;
  const auto ints = [&](std::int64_t n) { return pass.arena.take(DType::i32, {n}); };
  plan_ = {ints(rows),        ints(rows),        pass.arena.take(decision.weights.dtype, {rows}),
           ints(experts + 1), ints(tokens_ + 1), ints(rows)};
  ops::plan_from_choices(pass.ctx, plan_, decision.kept_ids, decision.weights, experts, rows);
  View x_sorted = pass.take_operand({rows, x.dim(1)});
  ops::permute(pass.ctx, x_sorted, x, plan_);
  return x_sorted;
}

void TokenDispatcher::combine(nn::Pass& pass, View y, ConstView y_sorted, bool accumulate) {
  ops::unpermute(pass.ctx, y, y_sorted, plan_, accumulate);
}

View TokenDispatcher::combine_backward(nn::Pass& pass, ConstView dy) {
  View dy_sorted = pass.take_scratch_operand({plan_.token_ids.size(), dy.dim(1)});
  ops::permute(pass.ctx, dy_sorted, dy, plan_);
  return dy_sorted;
}

void TokenDispatcher::dispatch_backward(nn::Pass& pass, View dx, ConstView dx_sorted, bool accumulate) {
  ops::unpermute(pass.ctx, dx, dx_sorted, plan_, accumulate);
}

View TokenDispatcher::by_choice(nn::Pass& pass, ConstView by_row) {
  View out = pass.scratch.take(by_row.dtype, {tokens_, choices_});
  ops::choices_from_plan(pass.ctx, out, by_row, plan_);
  return out;
}

}  // namespace moe::routing
