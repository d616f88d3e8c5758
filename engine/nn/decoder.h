// SPDX-License-Identifier: Apache-2.0
// A decoder in Mixtral's shape (2401.04088): input adapter → blocks → head.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/nn/block.h"
#include "engine/nn/embedding.h"
#include "engine/nn/language_head.h"
#include "engine/nn/network.h"

namespace moe::nn {

/// Makes the feed-forward half of a layer (0-based); `prefix` is "model.layers.N.".
using FeedForwardFactory =
    std::function<std::unique_ptr<FeedForward>(ParameterSet& parameters, int layer, const std::string& prefix)>;

/// All blocks of a model.
std::vector<Block> make_blocks(ParameterSet& parameters, const ModelConfig& model, const FeedForwardFactory& make);

class Decoder final : public Network {
 public:
  Decoder(ParameterSet& parameters, const ModelConfig& model, const FeedForwardFactory& feed_forward);

  /// logits[T,V] of the pass's token ids.
  View forward(Pass& pass) override;
  /// loss[T] in nats of the last forward; see LanguageHead::loss.
  View loss(Pass& pass, ConstView targets, bool with_gradient) override {
    return head_.loss(pass, targets, with_gradient);
  }
  /// Accumulates the gradient of every parameter, after loss(with_gradient).
  void backward(Pass& pass) override;

 private:
  TokenEmbedding embedding_;
  std::vector<Block> blocks_;
  LanguageHead head_;
};

}  // namespace moe::nn
