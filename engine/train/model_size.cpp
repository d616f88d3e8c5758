// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model_size.h"

#include "engine/nn/feed_forward.h"
#include "engine/nn/point_network.h"
#include "engine/train/model.h"

namespace moe::train {
namespace {

struct LayerSize {
  std::int64_t all = 0, active = 0;  // numbers in matrices
};

LayerSize feed_forward_size(const Config& config, int layer) {
  const ModelConfig& m = config.model;
  const std::int64_t projections = nn::input_rows(nn::activation_of(m.activation)) + 1;
  const std::int64_t expert = projections * m.width * m.expert_width;
  if (is_dense(m, layer)) {
    const std::int64_t dense = m.experts == 1 ? expert * (1 + m.shared_experts) : projections * m.width * m.dense_width;
    return {dense, dense};
  }
  const std::int64_t always = static_cast<std::int64_t>(m.experts) * m.width + m.shared_experts * expert;
  return {always + m.experts * expert, always + config.router.top_k * expert};
}

}  // namespace

ModelSize model_size(const Config& config, int outputs) {
  const ModelConfig& m = config.model;
  const bool plane = is_plane(config);
  const std::int64_t d = m.width, head = d / m.heads, table = static_cast<std::int64_t>(m.vocabulary) * d;
  const std::int64_t attention = m.attention ? d * (m.heads + 2 * m.kv_heads) * head + d * m.heads * head : 0;
  const std::int64_t norms = m.norm == "none" ? 0 : (m.attention ? 2 : 1) * m.layers + (plane ? 0 : 1);
  ModelSize out;
  const std::int64_t points = (nn::PointNetwork::kFeatures + outputs) * d;  // both adapters of a model of points
  std::int64_t products = plane ? points : table;                           // the head's
  out.parameters = (plane ? points : (m.tied_head ? 1 : 2) * table) + norms * d;
  out.active_parameters = out.parameters;
  for (int layer = 0; layer < m.layers; ++layer) {
    const LayerSize feed_forward = feed_forward_size(config, layer);
    out.parameters += attention + feed_forward.all;
    out.active_parameters += attention + feed_forward.active;
    products += attention + feed_forward.active;
  }
  // q·k and p·v: 2·2·C flops for each of H heads and (S+1)/2 earlier positions on average.
  const double scores = m.attention ? 2.0 * static_cast<double>(d) * (positions_per_row(config) + 1) * m.layers : 0;
  out.flops_per_token = 3.0 * (2.0 * static_cast<double>(products) + scores);
  return out;
}

}  // namespace moe::train
