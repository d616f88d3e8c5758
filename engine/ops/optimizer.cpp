// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/optimizer.h"

#include "engine/ops/check.h"

namespace moe::ops {

void adamw_step(Context& ctx, View w, View g, View m, View v, const AdamW& a, View rounded) {
  constexpr auto kOp = "adamw_step";
  require(same_real({w, g, m, v}) && g.shape == w.shape && m.shape == w.shape && v.shape == w.shape, kOp,
          "w, g, m and v of one shape and floating-point dtype");
  require(a.step >= 1, kOp, "step >= 1");
  require(!rounded ||
              (rounded.dtype == DType::bf16 && operand_dtype(ctx, w.dtype) == DType::bf16 && rounded.shape == w.shape),
          kOp, "rounded like w, where w may be stored rounded");
  ctx.backend.optimizer().adamw_step(w, g, m, v, rounded, a);
}

Scalar sum_of_squares(Context& ctx, ConstView x) {
  require(is_real(x), "sum_of_squares", "a floating-point dtype");
  return ctx.backend.optimizer().sum_of_squares(x);
}

Scalar sum(Context& ctx, ConstView x) {
  require(is_real(x), "sum", "a floating-point dtype");
  return ctx.backend.optimizer().sum(x);
}

}  // namespace moe::ops
