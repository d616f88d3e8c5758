// SPDX-License-Identifier: Apache-2.0
// The device-free operations that models and routers are written with. Every function checks shapes and dtypes
// (Error(failure) naming the op), then calls the backend. x_forward stands beside x_backward.
//
// Shape letters: T tokens, D width, F expert hidden width, E experts, K choices per token, R assignments, B batch rows,
// S context, V vocabulary, H heads, G key/value heads, C head dimension.
//
// Rules of gradients: an input gradient (dx) is written unless the name says `accumulate`; a parameter gradient (dw) is
// always accumulated. Reductions have a fixed order, whatever the number of threads. Routing values (logits,
// probabilities, weights, losses) are float32 even when activations are narrower, float64 when activations are float64.
#pragma once
#include <cstdint>

#include "engine/backend/backend.h"
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace moe::ops {

/// What an op runs on: the backend and the precision of matrix products.
struct Context {
  Backend& backend;
  MatmulPrecision precision = MatmulPrecision::native;
};

// ---- matmul.h -------------------------------------------------------------------------------------------------
/// c[M,N] (+)= op(a)·op(b), op = transpose when told so. Router logits use precision native, always.
void matmul(Context& ctx, View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate = false);
/// y[T,N] = x[T,K]·wᵀ with w[N,K]: a linear layer in Hugging Face layout.
void linear_forward(Context& ctx, View y, ConstView x, ConstView w);
/// dx[T,K] = dy·w (skipped when dx is empty; added when accumulate_dx); dw[N,K] += dyᵀ·x (skipped when dw is empty).
void linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx = false);
/// One product per expert over rows sorted by expert: y[offsets[e]:offsets[e+1], N] = x[same rows, K]·w[e]ᵀ, w[E,N,K].
/// offsets[E+1] int32, offsets[E] = R rows in use; rows beyond are untouched. An empty expert costs nothing.
void grouped_linear_forward(Context& ctx, View y, ConstView x, ConstView w, ConstView offsets);
/// dx = dy·w[e] per expert; dw[e] += dyᵀ·x over the expert's rows.
void grouped_linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets);

// ---- norm.h ---------------------------------------------------------------------------------------------------
/// y = x·inv_rms·w, inv_rms[T] = 1/sqrt(mean(x²)+eps). Zhang & Sennrich 2019.
void rms_norm_forward(Context& ctx, View y, View inv_rms, ConstView x, ConstView w, double eps);
/// sum = x + delta, then the norm of sum: the residual add and the next norm in one pass. `sum` may be x.
void add_rms_norm_forward(Context& ctx, View sum, View y, View inv_rms, ConstView x, ConstView delta, ConstView w, double eps);
/// dx (+)= the gradient; dw[D] +=.
void rms_norm_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView inv_rms, ConstView w, bool accumulate_dx);

// ---- attention.h ----------------------------------------------------------------------------------------------
struct AttentionShape {
  int batch = 1, context = 1, heads = 1, kv_heads = 1, head_dim = 2;
  int qkv_width() const { return (heads + 2 * kv_heads) * head_dim; }
};
/// Rotates q and k inside qkv[T, qkv_width] (q heads, then k heads, then v heads) by the position t mod S; rotate-half
/// pairing as in Hugging Face. Su et al. 2021.
void rope_forward(Context& ctx, View qkv, const AttentionShape& s, double theta);
/// The inverse rotation of the gradient.
void rope_backward(Context& ctx, View dqkv, const AttentionShape& s, double theta);
/// Causal softmax attention, scale 1/sqrt(C), grouped queries. out[T, H*C], lse[B,H,S] log-sum-exp of each row; never
/// holds S×S of more than one (batch row, head).
void attention_forward(Context& ctx, View out, View lse, ConstView qkv, const AttentionShape& s);
/// dqkv[T, qkv_width] written. Recomputes probabilities from lse.
void attention_backward(Context& ctx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv, const AttentionShape& s);

// ---- activation.h ---------------------------------------------------------------------------------------------
enum class Activation { swiglu, relu, gelu };  // gelu: exact, erf
/// y[R,F] = silu(x[:, :F])·x[:, F:] for swiglu with x[R,2F] (gate first); y = f(x[R,F]) for relu and gelu. Rows [0,rows).
void activation_forward(Context& ctx, View y, ConstView x, Activation kind, std::int64_t rows);
void activation_backward(Context& ctx, View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows);
/// y += alpha·x, elementwise.
void add_scaled(Context& ctx, View y, ConstView x, double alpha = 1.0);
void fill(Context& ctx, View y, double value);
void copy(Context& ctx, View y, ConstView x);

// ---- embedding.h ----------------------------------------------------------------------------------------------
void embedding_forward(Context& ctx, View y, ConstView table, ConstView ids);   // y[T,D], table[V,D], ids[T]
void embedding_backward(Context& ctx, View dtable, ConstView dy, ConstView ids);  // dtable +=, fixed order

// ---- loss.h ---------------------------------------------------------------------------------------------------
/// Softmax cross-entropy with its gradient in one pass. loss[T] in nats; dlogits[T,V] = scale·(softmax − onehot), may be
/// the logits themselves; empty dlogits: loss only. A target < 0 counts for nothing (loss 0, gradient 0).
void cross_entropy(Context& ctx, View loss, View dlogits, ConstView logits, ConstView targets, double scale);

// ---- router.h -------------------------------------------------------------------------------------------------
void softmax_forward(Context& ctx, View p, ConstView s);                                // rows of [T,E]
void softmax_backward(Context& ctx, View ds, ConstView dp, ConstView p, bool accumulate);
/// The k largest of each row, descending; ties go to the lower index, NaN counts as −inf. ids[T,k].
void top_k(Context& ctx, View ids, ConstView scores, int k);
/// y[T,k] = x[t, ids[t,k]]; the backward scatters into dx (+=).
void take_forward(Context& ctx, View y, ConstView x, ConstView ids);
void take_backward(Context& ctx, View dx, ConstView dy, ConstView ids);
/// w = y / (sum_k y + eps) per row.
void renormalise_forward(Context& ctx, View w, ConstView y, double eps);
void renormalise_backward(Context& ctx, View dy, ConstView dw, ConstView y, double eps);
/// x += sigma·N(0,1), element i drawn from block i of the stream.
void add_normal(Context& ctx, View x, const RandomStream& stream, double sigma);
/// counts[E] int32 of ids[T,k] (−1 = none); mass[E] = sum of the weights[T,k] of each expert.
void count_choices(Context& ctx, View counts, View mass, ConstView ids, ConstView weights);
/// Column means of p[T,E].
void column_mean(Context& ctx, View mean, ConstView p);
/// Balance loss E·Σ f_i·P_i, f_i = counts_i/(T·k), P = column mean of the full softmax (Switch 2101.03961 / Megatron):
/// ds[T,E] += coefficient·(E/T)·p_tj·(f_j − Σ_i f_i p_ti).
void balance_loss_backward(Context& ctx, View ds, ConstView p, ConstView counts, int k, double coefficient);
/// z-loss mean_t lse_t² (ST-MoE 2202.08906): lse[T] is written; backward ds += coefficient·(2/T)·lse_t·p_tj.
void log_sum_exp(Context& ctx, View lse, ConstView s);
void z_loss_backward(Context& ctx, View ds, ConstView p, ConstView lse, double coefficient);
/// Mean over rows of the entropy −Σ p ln p (nats), as a float64 on the host.
double mean_entropy(Context& ctx, ConstView p);

// ---- dispatch.h -----------------------------------------------------------------------------------------------
/// A flat routing plan: R assignments grouped by expert, stable in token order within an expert (and in choice order
/// within a token). All arrays int32 but the weights. Fits top-k, hash, Switch with capacity and expert choice alike.
struct Plan {
  View token_ids;     // [Rmax] token of each assignment
  View slots;         // [Rmax] t*K + choice it came from
  View weights;       // [Rmax] combine weight, routing dtype
  View offsets;       // [E+1] first assignment of each expert; offsets[E] = R
  View token_offsets; // [T+1] CSR by token
  View token_rows;    // [Rmax] the token's assignments, in choice order
};
/// From ids[T,K] (−1 = dropped) and weights[T,K].
void plan_from_choices(Context& ctx, Plan& plan, ConstView ids, ConstView weights, int experts);
/// x_sorted[R,D] = x[token_ids]; rows beyond R untouched. The backward adds each row back: dx (+)= in fixed order.
void gather_forward(Context& ctx, View x_sorted, ConstView x, const Plan& plan);
void gather_backward(Context& ctx, View dx, ConstView dx_sorted, const Plan& plan, bool accumulate_dx);
/// y[t] (+)= Σ over the token's assignments of weight·y_sorted.
void combine_forward(Context& ctx, View y, ConstView y_sorted, const Plan& plan, bool accumulate);
/// dy_sorted[r] = weight_r·dy[t]; dweights[Rmax] = ⟨dy[t], y_sorted[r]⟩ in assignment order.
void combine_backward(Context& ctx, View dy_sorted, View dweights, ConstView dy, ConstView y_sorted, const Plan& plan);
/// dweights of assignments back to choices: out[T,K] (0 where dropped).
void choices_from_plan(Context& ctx, View out, ConstView dweights, const Plan& plan);

// ---- optimizer.h ----------------------------------------------------------------------------------------------
struct AdamW {
  double lr, beta1, beta2, eps, weight_decay;  // weight_decay 0 for norms
  std::int64_t step;                           // 1-based, for bias correction
  double gradient_scale;                       // clipping and accumulation, applied to g first
};
/// Decoupled weight decay, Loshchilov & Hutter 2019: m, v moments; w -= lr·(m̂/(sqrt(v̂)+eps) + weight_decay·w).
/// The gradient is set to zero in the same pass.
void adamw_step(Context& ctx, View w, View g, View m, View v, const AdamW& a);
/// Σ x² in float64, fixed order; non-finite when any element is.
double sum_of_squares(Context& ctx, ConstView x);
double sum(Context& ctx, ConstView x);

}  // namespace moe::ops
