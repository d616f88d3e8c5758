// SPDX-License-Identifier: Apache-2.0
// The trained model as one piece: a decoder of text or a network of points whose feed-forward layers are
// Mixture-of-Experts or dense, its parameters, and the total loss = task + Σ_layers (balance.coefficient·balance +
// router.z_coefficient·z).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/moe/moe_layer.h"
#include "engine/nn/network.h"
#include "engine/nn/point_network.h"

namespace moe::train {

class Model {
 public:
  /// `config` must outlive the model; its router and balance groups are read in every pass. Registers, allocates and
  /// initialises the parameters: a pure function of (config, config.seed). `classes`: of the points, 0 for values;
  /// unread for text. Throws Error(usage | resource).
  /// `token_frequency`: see routing::RouterShape.
  Model(ops::Context& ctx, const Config& config, DType dtype, int classes = 0,
        std::function<std::vector<double>()> token_frequency = {});

  /// The head's output: logits[T,V] of the pass's token ids, or [T,C] of its points.
  View forward(nn::Pass& pass) { return network_->forward(pass); }
  /// Task loss of each position, nats or squared units: loss[T]; with gradients it also prepares backward().
  View loss(nn::Pass& pass, ConstView targets, bool with_gradient) {
    return network_->loss(pass, targets, with_gradient);
  }
  /// Adds the gradient of loss_scale·total (task loss as mean over T) to every parameter's gradient.
  void backward(nn::Pass& pass) { network_->backward(pass); }
  /// The network when its tokens are points, else null.
  const nn::PointNetwork* points() const { return points_; }

  nn::ParameterSet& parameters() { return parameters_; }
  const nn::ParameterSet& parameters() const { return parameters_; }
  const std::vector<routing::MoeLayer*>& moe_layers() const { return moe_layers_; }

 private:
  std::unique_ptr<nn::FeedForward> make_feed_forward(int layer, const std::string& prefix);

  const Config& config_;
  std::function<std::vector<double>()> token_frequency_;
  nn::ParameterSet parameters_;
  std::vector<routing::MoeLayer*> moe_layers_;  // inside network_
  nn::PointNetwork* points_ = nullptr;          // network_ itself, or null
  std::unique_ptr<nn::Network> network_;
};

}  // namespace moe::train
