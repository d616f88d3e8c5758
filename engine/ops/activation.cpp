// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/activation.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check(const char* op, ConstView y, ConstView x, Activation kind, std::int64_t rows) {
  require(is_real(x) && y.shape.rank == 2 && x.shape.rank == 2, op, "matrices of one floating-point dtype");
  const auto width = y.dim(1) * (kind == Activation::swiglu ? 2 : 1);
  require(x.dim(0) == y.dim(0) && x.dim(1) == width, op, "y[R,F], x[R,2F] for swiglu, x[R,F] otherwise");
  require(rows >= 0 && rows <= y.dim(0), op, "0 <= rows <= R");
}

}  // namespace

void activation_forward(Context& ctx, View y, ConstView x, Activation kind, std::int64_t rows) {
  constexpr auto kOp = "activation_forward";
  check(kOp, y, x, kind, rows);
  require(is_operand(ctx, y, x.dtype), kOp, "y of x's dtype or stored rounded");
  ctx.backend.activation().activation_forward(y, x, kind, rows);
}

void activation_backward(Context& ctx, View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows) {
  constexpr auto kOp = "activation_backward";
  check(kOp, dy, x, kind, rows);
  require(same_real({x, dy}) && is_operand(ctx, dx, x.dtype) && dx.shape == x.shape, kOp,
          "dy of x's dtype, dx like x or stored rounded");
  ctx.backend.activation().activation_backward(dx, dy, x, kind, rows);
}

void add_scaled(Context& ctx, View y, ConstView x, double alpha) {
  require(same_real({y, x}) && y.shape == x.shape, "add_scaled", "x and y of one shape and floating-point dtype");
  ctx.backend.activation().add_scaled(y, x, alpha);
}

void fill(Context& ctx, View y, double value) {
  require(is_real(y) || y.dtype == DType::i32, "fill", "float32, float64 or int32");
  ctx.backend.activation().fill(y, value);
}

void copy(Context& ctx, View y, ConstView x) {
  require(is_operand(ctx, y, x.dtype) && y.shape == x.shape, "copy",
          "x and y of one shape and dtype, or y stored rounded");
  ctx.backend.activation().copy(y, x);
}

}  // namespace moe::ops
