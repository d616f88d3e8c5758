// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model.h"

#include <algorithm>

#include "engine/core/architecture.h"
#include "engine/nn/decoder.h"
#include "engine/nn/initialisation.h"

namespace moe::train {

Model::Model(ops::Context& ctx, const Config& config, DType dtype, int classes,
             std::function<std::vector<double>()> token_frequency)
    : config_(config), token_frequency_(std::move(token_frequency)) {
  const auto feed_forward = [this](nn::ParameterSet&, int layer, const std::string& prefix) {
    return make_feed_forward(layer, prefix);
  };
  if (is_plane(config)) {
    auto points =
        std::make_unique<nn::PointNetwork>(parameters_, config.model, std::max(1, classes), classes > 0, feed_forward);
    points_ = points.get();
    network_ = std::move(points);
  } else {
    network_ = std::make_unique<nn::Decoder>(parameters_, config.model, feed_forward);
  }
  parameters_.allocate(ctx.backend, dtype, ops::operand_dtype(ctx, dtype));
  parameters_.initialise(config.seed);
}

std::unique_ptr<nn::FeedForward> Model::make_feed_forward(int layer, const std::string& prefix) {
  const ModelConfig& model = config_.model;
  if (is_dense(model, layer)) {
    const int hidden = model.experts == 1 ? model.expert_width * (1 + model.shared_experts) : model.dense_width;
    const nn::DenseFeedForward::Shape shape{model.width, hidden, nn::activation_of(model.activation), model.init_std,
                                            nn::residual_std(model)};
    const std::string mlp = prefix + "mlp.";
    return std::make_unique<nn::DenseFeedForward>(
        parameters_, shape,
        nn::FeedForwardNames{mlp + "gate_proj.weight", mlp + "up_proj.weight", mlp + "down_proj.weight"});
  }
  auto moe_layer =
      std::make_unique<routing::MoeLayer>(parameters_, config_, layer, prefix + "block_sparse_moe.", token_frequency_);
  moe_layers_.push_back(moe_layer.get());
  return moe_layer;
}

}  // namespace moe::train
