// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/matmul.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

constexpr auto kDTypes = "one floating-point dtype; operands, and results that are not added to, may be stored rounded";

bool fit(const Context& ctx, DType real, std::initializer_list<ConstView> operands) {
  for (const ConstView& x : operands)
    if (!is_operand(ctx, x, real)) return false;
  return true;
}

DType gradient_dtype(ConstView dx, ConstView dw, ConstView dy) {
  return real_of(dw ? dw.dtype : dx ? dx.dtype : dy.dtype);
}

}  // namespace

void matmul(Context& ctx, View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate) {
  constexpr auto kOp = "matmul";
  require(is_stored_real(ctx, c) && (is_real(c) || !accumulate) && fit(ctx, real_of(c.dtype), {a, b}), kOp, kDTypes);
  require(c.shape.rank == 2 && a.shape.rank == 2 && b.shape.rank == 2, kOp, "matrices");
  const auto m = a.dim(transpose_a ? 1 : 0), k = a.dim(transpose_a ? 0 : 1);
  const auto k_of_b = b.dim(transpose_b ? 1 : 0), n = b.dim(transpose_b ? 0 : 1);
  require(k == k_of_b && c.shape == Shape{m, n}, kOp, "c[M,N], op(a)[M,K], op(b)[K,N]");
  ctx.backend.matmul().matmul(c, a, transpose_a, b, transpose_b, accumulate, ctx.precision);
}

void linear_forward(Context& ctx, View y, ConstView x, ConstView w) { matmul(ctx, y, x, false, w, true); }

void linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx) {
  constexpr auto kOp = "linear_backward";
  const DType real = gradient_dtype(dx, dw, dy);
  require((!dw || is_real(dw)) && fit(ctx, real, {dx, dy, x, w}), kOp, kDTypes);
  require(!dx || !accumulate_dx || is_real(dx), kOp, kDTypes);
  require(dy.shape.rank == 2 && x.shape.rank == 2 && w.shape.rank == 2, kOp, "dy, x and w are matrices");
  require(dy.dim(0) == x.dim(0) && w.shape == Shape({dy.dim(1), x.dim(1)}), kOp, "dy[T,N], x[T,K], w[N,K]");
  require((!dx || dx.shape == x.shape) && (!dw || dw.shape == w.shape), kOp, "dx[T,K] or empty, dw[N,K] or empty");
  ctx.backend.matmul().linear_backward(dx, dw, dy, x, w, accumulate_dx, ctx.precision);
}

namespace {

void check_grouped(const char* op, ConstView y, ConstView x, ConstView w, ConstView offsets) {
  require(y.shape.rank == 2 && x.shape.rank == 2 && w.shape.rank == 3, op, "rows are matrices, w[E,N,K]");
  require(y.dim(0) == x.dim(0) && y.dim(1) == w.dim(1) && x.dim(1) == w.dim(2), op, "y[Rmax,N], x[Rmax,K], w[E,N,K]");
  require(is_i32(offsets, {w.dim(0) + 1}), op, "offsets[E+1] int32");
}

}  // namespace

void grouped_linear_forward(Context& ctx, View y, ConstView x, ConstView w, ConstView offsets) {
  constexpr auto kOp = "grouped_linear_forward";
  check_grouped(kOp, y, x, w, offsets);
  require(is_stored_real(ctx, y) && fit(ctx, real_of(y.dtype), {x, w}), kOp, kDTypes);
  ctx.backend.matmul().grouped_linear_forward(y, x, w, offsets, ctx.precision);
}

void grouped_linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w,
                             ConstView offsets) {
  constexpr auto kOp = "grouped_linear_backward";
  check_grouped(kOp, dy, x, w, offsets);
  const DType real = gradient_dtype(dx, dw, dy);
  require((!dw || is_real(dw)) && fit(ctx, real, {dx, dy, x, w}), kOp, kDTypes);
  require((!dx || dx.shape == x.shape) && (!dw || dw.shape == w.shape), kOp, "dx[Rmax,K] or empty, dw[E,N,K] or empty");
  ctx.backend.matmul().grouped_linear_backward(dx, dw, dy, x, w, offsets, ctx.precision);
}

}  // namespace moe::ops
