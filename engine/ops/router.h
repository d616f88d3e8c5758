// SPDX-License-Identifier: Apache-2.0
// What routing policies are made of: softmax, top-k, balance and z losses, statistics. Conventions of shapes and
// gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

void softmax_forward(Context& ctx, View p, ConstView s);  // rows of [T,E]
void softmax_backward(Context& ctx, View ds, ConstView dp, ConstView p, bool accumulate);
/// The k largest of each row, descending; ties go to the lower index, NaN counts as −inf. ids[T,k].
void top_k(Context& ctx, View ids, ConstView scores, int k);
/// y[T,k] = x[t, ids[t,k]]; the backward scatters into dx (+=).
void take_forward(Context& ctx, View y, ConstView x, ConstView ids);
void take_backward(Context& ctx, View dx, ConstView dy, ConstView ids);
/// w = y / (sum_k y + eps) per row.
void renormalise_forward(Context& ctx, View w, ConstView y, double eps);
void renormalise_backward(Context& ctx, View dy, ConstView dw, ConstView y, double eps);
/// counts[E] int32 of ids[T,k] (−1 = none); mass[E] = sum of the weights[T,k] of each expert.
void count_choices(Context& ctx, View counts, View mass, ConstView ids, ConstView weights);
/// Column means of p[T,E].
void column_mean(Context& ctx, View mean, ConstView p);
/// Balance loss E·Σ f_i·P_i, f_i = counts_i/(T·k), P = column mean of the full softmax (Switch 2101.03961 / Megatron):
/// ds[T,E] += coefficient·(E/T)·p_tj·(f_j − Σ_i f_i p_ti). counts[E] of all tokens, or [G,E] of G equal runs of them
/// (sequences), each a loss of its own; the result is their mean.
void balance_loss_backward(Context& ctx, View ds, ConstView p, ConstView counts, int k, double coefficient);
/// The same as a gradient of P's rows, for scores that are no softmax: dp[T,E] += coefficient·(E/T)·f_e.
void balance_gradient(Context& ctx, View dp, ConstView counts, int k, double coefficient);
/// Its value without coefficient, on the host.
Scalar balance_loss(Context& ctx, ConstView p, ConstView counts, int k);
/// z-loss mean_t lse_t² (ST-MoE 2202.08906): lse[T] is written; backward ds += coefficient·(2/T)·lse_t·p_tj.
void log_sum_exp(Context& ctx, View lse, ConstView s);
void z_loss_backward(Context& ctx, View ds, ConstView p, ConstView lse, double coefficient);
/// Mean over rows of the entropy −Σ p ln p (nats), as a float64 on the host.
Scalar mean_entropy(Context& ctx, ConstView p);

void sigmoid_forward(Context& ctx, View y, ConstView x);
void sigmoid_backward(Context& ctx, View dx, ConstView dy, ConstView y, bool accumulate);
/// y[T,E] += alpha·row[E] in every row.
void add_row(Context& ctx, View y, ConstView row, double alpha);
/// CV² = variance/(mean² + 1e-10) of x[E], population variance (1701.06538, appendix A), on the host; the backward
/// writes dx[E] = coefficient·∂CV²/∂x.
Scalar squared_cv(Context& ctx, ConstView x);
void squared_cv_backward(Context& ctx, View dx, ConstView x, double coefficient);

}  // namespace moe::ops
