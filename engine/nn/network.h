// SPDX-License-Identifier: Apache-2.0
// What a trainer asks of a model, whatever its tokens are: input adapter → blocks → head.
#pragma once
#include "engine/nn/pass.h"

namespace moe::nn {

class Network {
 public:
  virtual ~Network() = default;
  /// The head's output of the pass's input: [T,V] logits of tokens, [T,C] logits or values of points.
  virtual View forward(Pass& pass) = 0;
  /// Task loss of each position: loss[T]. With gradients, the output may be overwritten by what backward() begins
  /// with: the gradient of loss_scale times the mean.
  virtual View loss(Pass& pass, ConstView targets, bool with_gradient) = 0;
  /// Accumulates the gradient of every parameter, after loss(with_gradient).
  virtual void backward(Pass& pass) = 0;
};

}  // namespace moe::nn
