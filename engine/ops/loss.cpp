// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/loss.h"

#include "engine/ops/check.h"

namespace moe::ops {

void cross_entropy(Context& ctx, View loss, View dlogits, ConstView logits, ConstView targets, double scale) {
  constexpr auto kOp = "cross_entropy";
  require(same_real({loss, logits}) && logits.shape.rank == 2, kOp, "one floating-point dtype, logits[T,V]");
  require(is_operand(ctx, dlogits, logits.dtype), kOp, "dlogits of the logits' dtype or stored rounded");
  require(loss.shape == Shape{logits.dim(0)} && is_i32(targets, {logits.dim(0)}), kOp, "loss[T], targets[T] int32");
  require(!dlogits || dlogits.shape == logits.shape, kOp, "dlogits[T,V] or empty");
  ctx.backend.loss().cross_entropy(loss, dlogits, logits, targets, scale);
}

void squared_error(Context& ctx, View loss, View dy, ConstView y, ConstView targets, double scale) {
  constexpr auto kOp = "squared_error";
  require(same_real({loss, dy, y, targets}) && y.shape.rank == 2, kOp, "one floating-point dtype, y[T,C]");
  require(loss.shape == Shape{y.dim(0)} && targets.shape == y.shape, kOp, "loss[T], targets[T,C]");
  require(!dy || dy.shape == y.shape, kOp, "dy[T,C] or empty");
  ctx.backend.loss().squared_error(loss, dy, y, targets, scale);
}

}  // namespace moe::ops
