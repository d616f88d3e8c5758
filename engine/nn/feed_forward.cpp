// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/feed_forward.h"

namespace moe::nn {

ops::Activation activation_of(const std::string& name) {
  if (name == "relu") return ops::Activation::relu;
  if (name == "gelu") return ops::Activation::gelu;
  return ops::Activation::swiglu;  // the knob admits these three words only
}

DenseFeedForward::DenseFeedForward(ParameterSet& parameters, const Shape& shape, const FeedForwardNames& names)
    : parameters_(parameters), shape_(shape) {
  const std::int64_t d = shape.width, f = shape.hidden, rows = input_rows(shape.activation) * f;
  std::vector<Part> in{{names.gate, {f, d}, Init::normal, shape.init_std}};
  if (rows == 2 * f) in.push_back({names.up, {f, d}, Init::normal, shape.init_std});
  w_in_ = parameters.add({rows, d}, ParameterKind::matrix, std::move(in));
  w_down_ = parameters.add(ParameterKind::matrix, {names.down, {d, f}, Init::normal, shape.residual_std});
}

View DenseFeedForward::forward(Pass& pass, ConstView x) {
  const std::int64_t t = x.dim(0), f = shape_.hidden;
  x_ = x;
  h_ = pass.take_operand({t, input_rows(shape_.activation) * f});
  a_ = pass.take_operand({t, f});
  View y = pass.take({t, shape_.width});
  ops::linear_forward(pass.ctx, h_, x, parameters_.operand(w_in_));
  ops::activation_forward(pass.ctx, a_, h_, shape_.activation, t);
  ops::linear_forward(pass.ctx, y, a_, parameters_.operand(w_down_));
  return y;
}

View DenseFeedForward::backward(Pass& pass, ConstView dy) {
  View da = pass.take_scratch_operand(a_.shape), dh = pass.take_scratch_operand(h_.shape);
  View dx = pass.take_scratch(dy.shape);
  ops::linear_backward(pass.ctx, da, parameters_.gradient(w_down_), dy, a_, parameters_.operand(w_down_));
  ops::activation_backward(pass.ctx, dh, da, h_, shape_.activation, dy.dim(0));
  ops::linear_backward(pass.ctx, dx, parameters_.gradient(w_in_), dh, x_, parameters_.operand(w_in_));
  return dx;
}

}  // namespace moe::nn
