// SPDX-License-Identifier: Apache-2.0
// A model of points of the plane: x0 = W_in·(x, y, 1) → blocks → W_out.
//
// The constant third number makes every width-D feature an affine function of the point, so that a router without a
// bias can cut the plane anywhere and an expert without biases need not pass through the origin. Nothing is
// normalised before the head: the output is the sum of what the input and every expert add to the residual stream.
#pragma once
#include <vector>

#include "engine/core/config.h"
#include "engine/nn/block.h"
#include "engine/nn/decoder.h"
#include "engine/nn/network.h"

namespace moe::nn {

class PointNetwork final : public Network {
 public:
  static constexpr int kFeatures = 3;  // of a point in pass.points

  /// `outputs` numbers a point; `classes`: they are logits and the targets int32, else both are values.
  PointNetwork(ParameterSet& parameters, const ModelConfig& model, int outputs, bool classes,
               const FeedForwardFactory& feed_forward);

  View forward(Pass& pass) override;  // [T,C] of pass.points[T,3]
  View loss(Pass& pass, ConstView targets, bool with_gradient) override;
  void backward(Pass& pass) override;
  /// out[T,C] = W_out·x[T,D]: what x, added to the residual stream, adds to the output.
  View head(Pass& pass, ConstView x) const;
  int outputs() const { return outputs_; }

 private:
  ParameterSet& parameters_;
  int width_, outputs_;
  bool classes_;
  ParameterId w_in_;
  std::vector<Block> blocks_;
  ParameterId w_out_;
  View x_, output_;  // [T,D] the stream after the last block, [T,C]
};

}  // namespace moe::nn
