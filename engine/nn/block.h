// SPDX-License-Identifier: Apache-2.0
// One pre-norm transformer block: x + attention(norm(x)), then + feed_forward(norm(·)). The first half can be left out.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "engine/nn/attention.h"
#include "engine/nn/feed_forward.h"
#include "engine/nn/rms_norm.h"

namespace moe::nn {

/// The residual stream between blocks: its value is x + delta. The addition is left to the next norm, which does both
/// in one pass. `delta` is empty before the first block.
struct Stream {
  View x, delta;  // [T,D]
};

class Block {
 public:
  /// `prefix` is "model.layers.N.".
  Block(ParameterSet& parameters, const ModelConfig& model, const std::string& prefix);
  /// The feed-forward half registers its parameters after the norms, as in the Hugging Face order.
  void set_feed_forward(std::unique_ptr<FeedForward> feed_forward) { feed_forward_ = std::move(feed_forward); }

  Stream forward(Pass& pass, const Stream& in);
  /// d[T,D] is the gradient of the stream after the block; it becomes the gradient of the stream before it.
  void backward(Pass& pass, View d);

 private:
  struct Mixer {
    RmsNorm norm;
    Attention attention;
  };
  std::optional<Mixer> mixer_;  // empty with model.attention off
  RmsNorm feed_forward_norm_;
  std::unique_ptr<FeedForward> feed_forward_;
};

}  // namespace moe::nn
