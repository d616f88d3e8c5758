// SPDX-License-Identifier: Apache-2.0
// Rotary positions and causal attention. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::AttentionShape;
/// y = qkv[T, qkv_width] (q heads, then k heads, then v heads) with q and k rotated by the position t mod S;
/// rotate-half pairing as in Hugging Face. Su et al. 2021. y is qkv itself or another array; that one may be stored
/// rounded, values too (is_operand).
void rope_forward(Context& ctx, View y, ConstView qkv, const AttentionShape& s, double theta);
/// dx = the inverse rotation of the gradient; in place, elsewhere or stored rounded, as above.
void rope_backward(Context& ctx, View dx, ConstView dqkv, const AttentionShape& s, double theta);
/// Causal softmax attention, scale 1/sqrt(C), grouped queries. out[T, H*C], lse[B,H,S] log-sum-exp of each row; never
/// holds S×S of more than one (batch row, head). qkv and out may be stored rounded to bfloat16, both or neither. Then
/// products may run on tensor cores: probabilities, and backward dout and the gradients of scores, are rounded for them
/// too; their sums, the softmax, lse and dqkv are float32.
void attention_forward(Context& ctx, View out, View lse, ConstView qkv, const AttentionShape& s);
/// dqkv[T, qkv_width] written, in the dtype of dout and lse. Recomputes probabilities from lse.
void attention_backward(Context& ctx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                        const AttentionShape& s);
/// attention_backward into dqkv, then rope_backward from there into dx; what dqkv holds afterwards is undefined unless
/// it is dx.
void attention_rope_backward(Context& ctx, View dx, View dqkv, ConstView dout, ConstView out, ConstView lse,
                             ConstView qkv, const AttentionShape& s, double theta);

}  // namespace moe::ops
