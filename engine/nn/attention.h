// SPDX-License-Identifier: Apache-2.0
// Causal grouped-query self-attention with rotary positions (Ainslie et al. 2023, Su et al. 2021).
#pragma once
#include <string>

#include "engine/core/config.h"
#include "engine/nn/parameters.h"
#include "engine/nn/pass.h"

namespace moe::nn {

/// q, k and v come from one product with W_qkv[(H+2G)C, D] (rows of q, then k, then v); out = W_o·attention.
class Attention {
 public:
  /// `prefix` ends in "self_attn.".
  Attention(ParameterSet& parameters, const ModelConfig& model, const std::string& prefix);
  /// y[T,D] of x[T,D]; x must stay valid until backward.
  View forward(Pass& pass, ConstView x);
  /// dx[T,D] (scratch) of dy[T,D]; accumulates parameter gradients.
  View backward(Pass& pass, ConstView dy);

 private:
  ops::AttentionShape shape_of(const Pass& pass) const;

  ParameterSet& parameters_;
  int width_, heads_, kv_heads_, head_dim_;
  double rope_theta_;
  ParameterId w_qkv_, w_o_;
  ConstView x_;
  View qkv_, out_, lse_;
};

}  // namespace moe::nn
