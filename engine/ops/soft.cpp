// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/soft.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check_pair(const char* op, ConstView a, ConstView b, int batch) {
  require(same_real({a, b}) && a.shape.rank == 2 && a.shape == b.shape, op, "two [T,M] of one floating-point dtype");
  require(batch >= 1 && a.dim(0) % batch == 0, op, "batch divides T");
}

void check_slots(const char* op, ConstView by_token, ConstView mixed, ConstView weights, int batch) {
  require(same_real({by_token, mixed, weights}) && by_token.shape.rank == 2 && weights.shape.rank == 2, op,
          "[T,D], mixed[M·batch,D] and weights[T,M] of one floating-point dtype");
  require(batch >= 1 && by_token.dim(0) % batch == 0 && weights.dim(0) == by_token.dim(0), op, "batch divides T");
  require(mixed.shape == Shape({weights.dim(1) * batch, by_token.dim(1)}), op, "mixed[M·batch,D]");
}

}  // namespace

void unit_rows_forward(Context& ctx, View y, View norms, ConstView x) {
  constexpr auto kOp = "unit_rows_forward";
  check_pair(kOp, y, x, 1);
  require(same_real({norms, x}) && norms.shape == Shape{x.dim(0)}, kOp, "norms[R]");
  ctx.backend.soft().unit_rows_forward(y, norms, x);
}

void unit_rows_backward(Context& ctx, View dx, ConstView dy, ConstView y, ConstView norms) {
  constexpr auto kOp = "unit_rows_backward";
  check_pair(kOp, dx, dy, 1);
  check_pair(kOp, dx, y, 1);
  require(same_real({norms, y}) && norms.shape == Shape{y.dim(0)}, kOp, "norms[R]");
  ctx.backend.soft().unit_rows_backward(dx, dy, y, norms);
}

void token_softmax_forward(Context& ctx, View p, ConstView s, int batch) {
  check_pair("token_softmax_forward", p, s, batch);
  ctx.backend.soft().token_softmax_forward(p, s, batch);
}

void token_softmax_backward(Context& ctx, View ds, ConstView dp, ConstView p, int batch) {
  check_pair("token_softmax_backward", ds, dp, batch);
  check_pair("token_softmax_backward", ds, p, batch);
  ctx.backend.soft().token_softmax_backward(ds, dp, p, batch);
}

void mix_forward(Context& ctx, View mixed, ConstView x, ConstView weights, int batch) {
  check_slots("mix_forward", x, mixed, weights, batch);
  ctx.backend.soft().mix_forward(mixed, x, weights, batch);
}

void mix_backward(Context& ctx, View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) {
  constexpr auto kOp = "mix_backward";
  check_slots(kOp, x, dslots, weights, batch);
  check_pair(kOp, dweights, weights, batch);
  check_pair(kOp, dx, x, batch);
  ctx.backend.soft().mix_backward(dx, dweights, dslots, x, weights, batch);
}

void unmix_forward(Context& ctx, View y, ConstView mixed, ConstView weights, int batch, bool accumulate) {
  check_slots("unmix_forward", y, mixed, weights, batch);
  ctx.backend.soft().unmix_forward(y, mixed, weights, batch, accumulate);
}

void unmix_backward(Context& ctx, View dslots, View dweights, ConstView dy, ConstView mixed, ConstView weights,
                    int batch) {
  constexpr auto kOp = "unmix_backward";
  check_slots(kOp, dy, mixed, weights, batch);
  check_pair(kOp, dweights, weights, batch);
  check_pair(kOp, dslots, mixed, 1);
  ctx.backend.soft().unmix_backward(dslots, dweights, dy, mixed, weights, batch);
}

}  // namespace moe::ops
