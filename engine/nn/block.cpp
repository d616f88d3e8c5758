// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/block.h"

namespace moe::nn {

Block::Block(ParameterSet& parameters, const ModelConfig& model, const std::string& prefix)
    : input_norm_(parameters, model, prefix + "input_layernorm.weight"),
      attention_(parameters, model, prefix + "self_attn."),
      feed_forward_norm_(parameters, model, prefix + "post_attention_layernorm.weight") {}

Stream Block::forward(Pass& pass, const Stream& in) {
  const RmsNorm::Result first = input_norm_.forward(pass, in.x, in.delta);
  const View mixed = attention_.forward(pass, first.y);
  const RmsNorm::Result second = feed_forward_norm_.forward(pass, first.sum, mixed);
  return {second.sum, feed_forward_->forward(pass, second.y)};
}

void Block::backward(Pass& pass, View d) {
  feed_forward_norm_.backward(pass, d, feed_forward_->backward(pass, d));
  pass.scratch.reset();
  input_norm_.backward(pass, d, attention_.backward(pass, d));
  pass.scratch.reset();
}

}  // namespace moe::nn
