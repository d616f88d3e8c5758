// SPDX-License-Identifier: Apache-2.0
// Matrix products and linear layers. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

// Operands may be stored rounded (operand_dtype), and so may results that nothing is added to: what only elementwise
// functions read of them.

/// c[M,N] (+)= op(a)·op(b), op = transpose when told so. Router logits use precision native, always.
void matmul(Context& ctx, View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b,
            bool accumulate = false);
/// y[T,N] = x[T,K]·wᵀ with w[N,K]: a linear layer in Hugging Face layout.
void linear_forward(Context& ctx, View y, ConstView x, ConstView w);
/// dx[T,K] = dy·w (skipped when dx is empty; added when accumulate_dx); dw[N,K] += dyᵀ·x (skipped when dw is empty).
void linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w,
                     bool accumulate_dx = false);
/// One product per expert over rows sorted by expert: y[offsets[e]:offsets[e+1], N] = x[same rows, K]·w[e]ᵀ, w[E,N,K].
/// offsets[E+1] int32, offsets[E] = R rows in use; rows beyond are untouched. An empty expert costs nothing.
void grouped_linear_forward(Context& ctx, View y, ConstView x, ConstView w, ConstView offsets);
/// dx = dy·w[e] per expert; dw[e] += dyᵀ·x over the expert's rows.
void grouped_linear_backward(Context& ctx, View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets);

}  // namespace moe::ops
