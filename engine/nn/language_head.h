// SPDX-License-Identifier: Apache-2.0
// Output adapter of language models: final norm, vocabulary projection and softmax cross-entropy.
#pragma once
#include "engine/core/config.h"
#include "engine/nn/block.h"

namespace moe::nn {

class LanguageHead {
 public:
  /// `embedding`: the table that a tied head multiplies with.
  LanguageHead(ParameterSet& parameters, const ModelConfig& model, ParameterId embedding);
  /// logits[T,V] of the stream.
  View forward(Pass& pass, const Stream& in);
  /// Loss of each position, nats: loss[T]; targets < 0 count for nothing. With gradients, the logits may be
  /// overwritten by loss_scale/T times their gradient.
  View loss(Pass& pass, ConstView targets, bool with_gradient);
  /// d[T,D], the gradient of the stream, of the logits' gradient left by loss().
  View backward(Pass& pass);

 private:
  ParameterSet& parameters_;
  int vocabulary_;
  RmsNorm norm_;
  ParameterId weight_;
  View y_, logits_, dlogits_;  // dlogits_ is logits_ itself where both are stored alike
};

}  // namespace moe::nn
