// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/router.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

/// All of x's shape [T,E] and dtype.
void check_like(const char* op, ConstView x, std::initializer_list<ConstView> others) {
  require(is_real(x) && x.shape.rank == 2, op, "matrices of a floating-point dtype");
  for (const auto& other : others)
    require(other.dtype == x.dtype && other.shape == x.shape, op, "arrays of one shape and dtype");
}

void check_taken(const char* op, ConstView y, ConstView x, ConstView ids) {
  require(same_real({y, x}) && x.shape.rank == 2 && y.shape.rank == 2, op, "matrices of one floating-point dtype");
  require(y.dim(0) == x.dim(0) && is_i32(ids, y.shape), op, "x[T,E], y[T,k], ids[T,k] int32");
}

/// counts[E], or [G,E] with G runs of equally many of p's rows.
void check_counts(const char* op, ConstView p, ConstView counts, int k) {
  const bool one = is_i32(counts, {p.dim(1)});
  const bool many = counts.dtype == DType::i32 && counts.shape.rank == 2 && counts.dim(1) == p.dim(1) &&
                    counts.dim(0) >= 1 && p.dim(0) % counts.dim(0) == 0;
  require((one || many) && k >= 1, op, "counts[E] or [G,E] int32 with G dividing T, k >= 1");
}

}  // namespace

void softmax_forward(Context& ctx, View p, ConstView s) {
  check_like("softmax_forward", s, {p});
  ctx.backend.router().softmax_forward(p, s);
}

void softmax_backward(Context& ctx, View ds, ConstView dp, ConstView p, bool accumulate) {
  check_like("softmax_backward", p, {ds, dp});
  ctx.backend.router().softmax_backward(ds, dp, p, accumulate);
}

void top_k(Context& ctx, View ids, ConstView scores, int k) {
  constexpr auto kOp = "top_k";
  require(is_real(scores) && scores.shape.rank == 2, kOp, "scores[T,E] of a floating-point dtype");
  require(k >= 1 && k <= scores.dim(1), kOp, "1 <= k <= E");
  require(is_i32(ids, {scores.dim(0), k}), kOp, "ids[T,k] int32");
  ctx.backend.router().top_k(ids, scores, k);
}

void take_forward(Context& ctx, View y, ConstView x, ConstView ids) {
  check_taken("take_forward", y, x, ids);
  ctx.backend.router().take_forward(y, x, ids);
}

void take_backward(Context& ctx, View dx, ConstView dy, ConstView ids) {
  check_taken("take_backward", dy, dx, ids);
  ctx.backend.router().take_backward(dx, dy, ids);
}

void renormalise_forward(Context& ctx, View w, ConstView y, double eps) {
  check_like("renormalise_forward", y, {w});
  ctx.backend.router().renormalise_forward(w, y, eps);
}

void renormalise_backward(Context& ctx, View dy, ConstView dw, ConstView y, double eps) {
  check_like("renormalise_backward", y, {dy, dw});
  ctx.backend.router().renormalise_backward(dy, dw, y, eps);
}

void count_choices(Context& ctx, View counts, View mass, ConstView ids, ConstView weights) {
  constexpr auto kOp = "count_choices";
  require(same_real({mass, weights}) && weights.shape.rank == 2, kOp, "mass and weights of one floating-point dtype");
  require(mass.shape.rank == 1 && is_i32(counts, mass.shape) && is_i32(ids, weights.shape), kOp,
          "counts[E] int32, mass[E], ids[T,k] int32, weights[T,k]");
  ctx.backend.router().count_choices(counts, mass, ids, weights);
}

void column_mean(Context& ctx, View mean, ConstView p) {
  constexpr auto kOp = "column_mean";
  require(same_real({mean, p}) && p.shape.rank == 2 && mean.shape == Shape{p.dim(1)}, kOp, "mean[E], p[T,E]");
  ctx.backend.router().column_mean(mean, p);
}

void balance_loss_backward(Context& ctx, View ds, ConstView p, ConstView counts, int k, double coefficient) {
  constexpr auto kOp = "balance_loss_backward";
  check_like(kOp, p, {ds});
  check_counts(kOp, p, counts, k);
  ctx.backend.router().balance_loss_backward(ds, p, counts, k, coefficient);
}

void balance_gradient(Context& ctx, View dp, ConstView counts, int k, double coefficient) {
  check_like("balance_gradient", dp, {});
  check_counts("balance_gradient", dp, counts, k);
  ctx.backend.router().balance_gradient(dp, counts, k, coefficient);
}

Scalar balance_loss(Context& ctx, ConstView p, ConstView counts, int k) {
  check_like("balance_loss", p, {});
  check_counts("balance_loss", p, counts, k);
  return ctx.backend.router().balance_loss(p, counts, k);
}

void log_sum_exp(Context& ctx, View lse, ConstView s) {
  constexpr auto kOp = "log_sum_exp";
  require(same_real({lse, s}) && s.shape.rank == 2 && lse.shape == Shape{s.dim(0)}, kOp, "lse[T], s[T,E]");
  ctx.backend.router().log_sum_exp(lse, s);
}

void z_loss_backward(Context& ctx, View ds, ConstView p, ConstView lse, double coefficient) {
  constexpr auto kOp = "z_loss_backward";
  check_like(kOp, p, {ds});
  require(same_real({p, lse}) && lse.shape == Shape{p.dim(0)}, kOp, "lse[T]");
  ctx.backend.router().z_loss_backward(ds, p, lse, coefficient);
}

Scalar mean_entropy(Context& ctx, ConstView p) {
  require(is_real(p) && p.shape.rank == 2, "mean_entropy", "p[T,E] of a floating-point dtype");
  return ctx.backend.router().mean_entropy(p);
}

void sigmoid_forward(Context& ctx, View y, ConstView x) {
  check_like("sigmoid_forward", x, {y});
  ctx.backend.router().sigmoid_forward(y, x);
}

void sigmoid_backward(Context& ctx, View dx, ConstView dy, ConstView y, bool accumulate) {
  check_like("sigmoid_backward", y, {dx, dy});
  ctx.backend.router().sigmoid_backward(dx, dy, y, accumulate);
}

void add_row(Context& ctx, View y, ConstView row, double alpha) {
  require(same_real({y, row}) && y.shape.rank == 2 && row.shape == Shape{y.dim(1)}, "add_row", "y[T,E], row[E]");
  ctx.backend.router().add_row(y, row, alpha);
}

Scalar squared_cv(Context& ctx, ConstView x) {
  require(is_real(x) && x.shape.rank == 1, "squared_cv", "x[E] of a floating-point dtype");
  return ctx.backend.router().squared_cv(x);
}

void squared_cv_backward(Context& ctx, View dx, ConstView x, double coefficient) {
  require(same_real({dx, x}) && x.shape.rank == 1 && dx.shape == x.shape, "squared_cv_backward", "dx[E], x[E]");
  ctx.backend.router().squared_cv_backward(dx, x, coefficient);
}

}  // namespace moe::ops
