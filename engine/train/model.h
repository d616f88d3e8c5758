// SPDX-License-Identifier: Apache-2.0
// The trained model as one piece: a decoder whose feed-forward layers are Mixture-of-Experts or dense, its parameters,
// and the total loss = task + Σ_layers (balance.coefficient·balance + router.z_coefficient·z).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/moe/moe_layer.h"
#include "engine/nn/decoder.h"

namespace moe::train {

class Model {
 public:
  /// `config` must outlive the model; its router and balance groups are read in every pass. Registers, allocates and
  /// initialises the parameters: a pure function of (config, config.seed). Throws Error(usage | resource).
  /// `token_frequency`: see routing::RouterShape.
  Model(Backend& backend, const Config& config, DType dtype, std::function<std::vector<double>()> token_frequency);

  /// logits[T,V] of the pass's token ids.
  View forward(nn::Pass& pass) { return decoder_.forward(pass); }
  /// Task loss of each position, nats: loss[T]; with gradients it also prepares backward().
  View loss(nn::Pass& pass, ConstView targets, bool with_gradient) {
    return decoder_.loss(pass, targets, with_gradient);
  }
  /// Adds the gradient of loss_scale·total (task loss as mean over T) to every parameter's gradient.
  void backward(nn::Pass& pass) { decoder_.backward(pass); }

  nn::ParameterSet& parameters() { return parameters_; }
  const nn::ParameterSet& parameters() const { return parameters_; }
  const std::vector<routing::MoeLayer*>& moe_layers() const { return moe_layers_; }

 private:
  std::unique_ptr<nn::FeedForward> make_feed_forward(int layer, const std::string& prefix);

  const Config& config_;
  std::function<std::vector<double>()> token_frequency_;
  nn::ParameterSet parameters_;
  std::vector<routing::MoeLayer*> moe_layers_;  // inside decoder_
  nn::Decoder decoder_;
};

}  // namespace moe::train
