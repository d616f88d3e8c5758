// SPDX-License-Identifier: Apache-2.0
// Rotary positions and causal attention; the meaning of every function is in engine/ops/attention.h under the same
// name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

/// T = batch·context rows of qkv_width: heads query heads, then kv_heads key heads, then kv_heads value heads.
struct AttentionShape {
  int batch = 1, context = 1, heads = 1, kv_heads = 1, head_dim = 2;
  int qkv_width() const { return (heads + 2 * kv_heads) * head_dim; }
};

struct AttentionOps {
  virtual ~AttentionOps() = default;
  virtual void rope_forward(View y, ConstView qkv, const AttentionShape& s, double theta) = 0;
  virtual void rope_backward(View dx, ConstView dqkv, const AttentionShape& s, double theta) = 0;
  virtual void attention_forward(View out, View lse, ConstView qkv, const AttentionShape& s) = 0;
  virtual void attention_backward(View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                                  const AttentionShape& s) = 0;
  /// A backend that can do both in one pass leaves dqkv alone.
  virtual void attention_rope_backward(View dx, View dqkv, ConstView dout, ConstView out, ConstView lse, ConstView qkv,
                                       const AttentionShape& s, double theta) {
    attention_backward(dqkv, dout, out, lse, qkv, s);
    rope_backward(dx, dqkv, s, theta);
  }
};

}  // namespace moe
