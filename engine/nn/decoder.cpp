// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/decoder.h"

namespace moe::nn {

std::vector<Block> make_blocks(ParameterSet& parameters, const ModelConfig& model, const FeedForwardFactory& make) {
  std::vector<Block> blocks;
  blocks.reserve(static_cast<std::size_t>(model.layers));
  for (int layer = 0; layer < model.layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    blocks.emplace_back(parameters, model, prefix).set_feed_forward(make(parameters, layer, prefix));
  }
  return blocks;
}

Decoder::Decoder(ParameterSet& parameters, const ModelConfig& model, const FeedForwardFactory& feed_forward)
    : embedding_(parameters, model),
      blocks_(make_blocks(parameters, model, feed_forward)),
      head_(parameters, model, embedding_.table()) {}

View Decoder::forward(Pass& pass) {
  Stream stream = embedding_.forward(pass);
  for (auto& block : blocks_) stream = block.forward(pass, stream);
  return head_.forward(pass, stream);
}

void Decoder::backward(Pass& pass) {
  View d = head_.backward(pass);
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) block->backward(pass, d);
  embedding_.backward(pass, d);
}

}  // namespace moe::nn
