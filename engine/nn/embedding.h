// SPDX-License-Identifier: Apache-2.0
// Input adapter of language models: token ids to the residual stream.
#pragma once
#include "engine/core/config.h"
#include "engine/nn/block.h"

namespace moe::nn {

class TokenEmbedding {
 public:
  TokenEmbedding(ParameterSet& parameters, const ModelConfig& model);
  /// x[T,D] = table[ids], ids from the pass.
  Stream forward(Pass& pass);
  /// d[T,D]: gradient of the stream.
  void backward(Pass& pass, ConstView d);
  ParameterId table() const { return table_; }  // [V,D], shared with a tied head

 private:
  ParameterSet& parameters_;
  int width_;
  ParameterId table_;
};

}  // namespace moe::nn
