// SPDX-License-Identifier: Apache-2.0
// Rotary positions and causal attention. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::AttentionShape;
/// Rotates q and k inside qkv[T, qkv_width] (q heads, then k heads, then v heads) by the position t mod S; rotate-half
/// pairing as in Hugging Face. Su et al. 2021.
void rope_forward(Context& ctx, View qkv, const AttentionShape& s, double theta);
/// The inverse rotation of the gradient.
void rope_backward(Context& ctx, View dqkv, const AttentionShape& s, double theta);
/// Causal softmax attention, scale 1/sqrt(C), grouped queries. out[T, H*C], lse[B,H,S] log-sum-exp of each row; never
/// holds S×S of more than one (batch row, head).
void attention_forward(Context& ctx, View out, View lse, ConstView qkv, const AttentionShape& s);
/// dqkv[T, qkv_width] written. Recomputes probabilities from lse.
void attention_backward(Context& ctx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                        const AttentionShape& s);

}  // namespace moe::ops
