// SPDX-License-Identifier: Apache-2.0
#include "engine/train/training_memory.h"

#include <algorithm>

#include "engine/train/model_size.h"

namespace moe::train {
namespace {

struct Bytes {
  double kept = 0, scratch = 0;  // of one token in one layer
};

/// norm → qkv → attention → projection, and the sum with the residual stream.
Bytes of_attention(const ModelConfig& m, double real, double operand) {
  const double d = m.width, heads = d / m.heads, qkv = (m.heads + 2.0 * m.kv_heads) * heads;
  return {operand * (d + qkv + d) + real * (d + d), real * (d + qkv + d) + (operand < real ? operand * qkv : 0)};
}

/// norm → feed-forward, and the sum; `experts`: rows of sorted tokens for each token, 0 in a dense layer.
Bytes of_feed_forward(const ModelConfig& m, double experts, double dense_width, double real, double operand) {
  const double d = m.width, inputs = m.activation == "swiglu" ? 2 : 1;
  const double sorted = experts * (d + (inputs + 1) * m.expert_width), plain = (inputs + 1) * dense_width;
  Bytes out{operand * (sorted + plain) + real * (d + d), operand * (experts * d + sorted + plain) + real * d};
  if (m.norm != "none") out.kept += (experts > 0 ? real : operand) * d;  // a router reads all bits
  return out;
}

}  // namespace

TrainingMemory training_memory(const Config& config, DType real_dtype, DType operand_dtype) {
  const ModelConfig& m = config.model;
  const double real = static_cast<double>(size_of(real_dtype)), operand = static_cast<double>(size_of(operand_dtype));
  const RouterSize router = router_size(config);
  const double choices =
      static_cast<double>(std::min<std::int64_t>(router.top_k > 0 ? router.top_k : config.router.top_k, m.experts));
  double kept = real * m.width, scratch = 0;  // the embedding
  for (int layer = 0; layer < m.layers; ++layer) {
    const bool dense = is_dense(m, layer);
    const double shared = static_cast<double>(m.shared_experts) * m.expert_width;
    const double width = !dense ? shared : m.experts == 1 ? m.expert_width + shared : m.dense_width;
    const Bytes mixer = m.attention ? of_attention(m, real, operand) : Bytes{};
    const Bytes feed_forward = of_feed_forward(m, dense ? 0 : choices, width, real, operand);
    kept += mixer.kept + feed_forward.kept;
    scratch = std::max({scratch, mixer.scratch, feed_forward.scratch});
  }
  if (!is_plane(config))  // norm, logits, their gradient, and the gradient of the residual stream
    kept += operand * m.width + real * m.vocabulary + (operand < real ? operand * m.vocabulary : 0) + real * m.width;
  const double copies = operand < real ? operand : 0;
  return {.parameters = (4 * real + copies) * parameter_count(config),
          .row = positions_per_row(config) * (kept + scratch)};
}

}  // namespace moe::train
