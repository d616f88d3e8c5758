// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/language_head.h"

namespace moe::nn {

LanguageHead::LanguageHead(ParameterSet& parameters, const ModelConfig& model, ParameterId embedding)
    : parameters_(parameters), vocabulary_(model.vocabulary), norm_(parameters, model, "model.norm.weight") {
  weight_ = model.tied_head
                ? embedding
                : parameters.add(ParameterKind::matrix,
                                 {"lm_head.weight", {model.vocabulary, model.width}, Init::normal, model.init_std});
}

View LanguageHead::forward(Pass& pass, const Stream& in) {
  y_ = norm_.forward(pass, in.x, in.delta, /*operand=*/true).y;
  logits_ = pass.take({pass.tokens(), vocabulary_});
  ops::linear_forward(pass.ctx, logits_, y_, parameters_.operand(weight_));
  return logits_;
}

View LanguageHead::loss(Pass& pass, ConstView targets, bool with_gradient) {
  View loss = pass.take({pass.tokens()});
  const double scale = pass.loss_scale / static_cast<double>(pass.tokens());
  if (with_gradient) dlogits_ = pass.operand_dtype() == logits_.dtype ? logits_ : pass.take_operand(logits_.shape);
  ops::cross_entropy(pass.ctx, loss, with_gradient ? dlogits_ : View{}, logits_, targets, scale);
  return loss;
}

View LanguageHead::backward(Pass& pass) {
  View dy = pass.take_scratch(y_.shape), d = pass.take(y_.shape);
  ops::linear_backward(pass.ctx, dy, parameters_.gradient(weight_), dlogits_, y_, parameters_.operand(weight_));
  norm_.backward(pass, d, dy, /*accumulate=*/false);
  return d;
}

}  // namespace moe::nn
