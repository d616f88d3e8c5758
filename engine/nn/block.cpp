// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/block.h"

namespace moe::nn {

Block::Block(ParameterSet& parameters, const ModelConfig& model, const std::string& prefix)
    : mixer_(model.attention ? std::optional(Mixer{{parameters, model, prefix + "input_layernorm.weight"},
                                                   {parameters, model, prefix + "self_attn."}})
                             : std::nullopt),
      feed_forward_norm_(parameters, model, prefix + "post_attention_layernorm.weight") {}

Stream Block::forward(Pass& pass, const Stream& in) {
  Stream stream = in;
  if (mixer_) {
    const RmsNorm::Result first = mixer_->norm.forward(pass, in.x, in.delta, /*operand=*/true);
    stream = {first.sum, mixer_->attention.forward(pass, first.y)};
    pass.scratch.reset();
  }
  const RmsNorm::Result second =
      feed_forward_norm_.forward(pass, stream.x, stream.delta, feed_forward_->reads_operand());
  const View y = feed_forward_->forward(pass, second.y);
  pass.scratch.reset();
  return {second.sum, y};
}

void Block::backward(Pass& pass, View d) {
  feed_forward_norm_.backward(pass, d, feed_forward_->backward(pass, d));
  pass.scratch.reset();
  if (!mixer_) return;
  mixer_->norm.backward(pass, d, mixer_->attention.backward(pass, d));
  pass.scratch.reset();
}

}  // namespace moe::nn
