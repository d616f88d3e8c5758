// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/activation.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check(const Context& ctx, const char* op, ConstView y, ConstView x, Activation kind, std::int64_t rows) {
  require(is_stored_real(ctx, x) && y.dtype == x.dtype && y.shape.rank == 2 && x.shape.rank == 2, op,
          "matrices of one floating-point dtype, or all stored rounded");
  const auto width = y.dim(1) * (kind == Activation::swiglu ? 2 : 1);
  require(x.dim(0) == y.dim(0) && x.dim(1) == width, op, "y[R,F], x[R,2F] for swiglu, x[R,F] otherwise");
  require(rows >= 0 && rows <= y.dim(0), op, "0 <= rows <= R");
}

void check_weights(const char* op, ConstView weights, ConstView x) {
  if (!weights) return;
  require(weights.dtype == real_of(x.dtype) && weights.shape == Shape{x.dim(0)}, op,
          "weights[R] of the rows' dtype, not rounded");
}

}  // namespace

void activation_forward(Context& ctx, View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) {
  constexpr auto kOp = "activation_forward";
  check(ctx, kOp, y, x, kind, rows);
  check_weights(kOp, weights, x);
  ctx.backend.activation().activation_forward(y, x, kind, rows, weights);
}

void activation_backward(Context& ctx, View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows,
                         ConstView weights, View dweights) {
  constexpr auto kOp = "activation_backward";
  check(ctx, kOp, dy, x, kind, rows);
  check_weights(kOp, weights, x);
  require(dx.dtype == x.dtype && dx.shape == x.shape, kOp, "dx like x");
  require(dweights.shape == weights.shape && (!weights || dweights.dtype == weights.dtype), kOp,
          "dweights like weights");
  ctx.backend.activation().activation_backward(dx, dy, x, kind, rows, weights, dweights);
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
