// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/embedding.h"

namespace moe::nn {

TokenEmbedding::TokenEmbedding(ParameterSet& parameters, const ModelConfig& model)
    : parameters_(parameters),
      width_(model.width),
      table_(parameters.add(
          ParameterKind::matrix,
          {"model.embed_tokens.weight", {model.vocabulary, model.width}, Init::normal, model.init_std})) {}

Stream TokenEmbedding::forward(Pass& pass) {
  View x = pass.take({pass.tokens(), width_});
  ops::embedding_forward(pass.ctx, x, parameters_.value(table_), pass.token_ids);
  return {x, {}};
}

void TokenEmbedding::backward(Pass& pass, ConstView d) {
  ops::embedding_backward(pass.ctx, parameters_.gradient(table_), d, pass.token_ids);
}

}  // namespace moe::nn
