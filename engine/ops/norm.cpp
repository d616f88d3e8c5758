// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/norm.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check(const Context& ctx, const char* op, ConstView y, ConstView x, ConstView inv_rms, ConstView w) {
  require(same_real({x, inv_rms, w}) && is_operand(ctx, y, x.dtype), op,
          "one floating-point dtype, y of the same or stored rounded");
  require(x.shape.rank == 2 && y.shape == x.shape, op, "x[T,D] and y[T,D]");
  require(inv_rms.shape == Shape{x.dim(0)} && w.shape == Shape{x.dim(1)}, op, "inv_rms[T], w[D]");
}

}  // namespace

void rms_norm_forward(Context& ctx, View y, View inv_rms, ConstView x, ConstView w, double eps) {
  check(ctx, "rms_norm_forward", y, x, inv_rms, w);
  ctx.backend.norm().rms_norm_forward(y, inv_rms, x, w, eps);
}

void add_rms_norm_forward(Context& ctx, View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w,
                          double eps) {
  constexpr auto kOp = "add_rms_norm_forward";
  check(ctx, kOp, y, x, inv_rms, w);
  require(same_real({sum, x, delta}) && sum.shape == x.shape && delta.shape == x.shape, kOp, "sum, x, delta [T,D]");
  ctx.backend.norm().add_rms_norm_forward(sum, y, inv_rms, x, delta, w, eps);
}

void rms_norm_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w,
                       bool accumulate_dx) {
  constexpr auto kOp = "rms_norm_backward";
  check(ctx, kOp, dy, x, inv_rms, w);
  require(same_real({x, dy, dx, dw}) && dx.shape == x.shape && dw.shape == w.shape, kOp, "dx[T,D], dw[D]");
  ctx.backend.norm().rms_norm_backward(dx, dw, dy, x, inv_rms, w, accumulate_dx);
}

}  // namespace moe::ops
