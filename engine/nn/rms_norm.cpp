// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/rms_norm.h"

namespace moe::nn {

RmsNorm::RmsNorm(ParameterSet& parameters, const ModelConfig& model, const std::string& name)
    : parameters_(parameters),
      eps_(model.norm_eps),
      scales_(model.norm != "none"),
      weight_(scales_ ? parameters.add(ParameterKind::vector, {name, {model.width}, Init::constant, 1.0}) : -1) {}

RmsNorm::Result RmsNorm::forward(Pass& pass, View x, ConstView delta, bool operand) {
  if (!scales_) {
    sum_ = delta ? pass.take(x.shape) : x;
    if (delta) {
      ops::copy(pass.ctx, sum_, x);
      ops::add_scaled(pass.ctx, sum_, delta);
    }
    return {sum_, sum_};
  }
  View y = operand ? pass.take_operand(x.shape) : pass.take(x.shape);
  inv_rms_ = pass.take({x.dim(0)});
  sum_ = delta ? pass.take(x.shape) : x;
  if (delta)
    ops::add_rms_norm_forward(pass.ctx, sum_, y, inv_rms_, x, delta, parameters_.value(weight_), eps_);
  else
    ops::rms_norm_forward(pass.ctx, y, inv_rms_, x, parameters_.value(weight_), eps_);
  return {sum_, y};
}

void RmsNorm::backward(Pass& pass, View d, ConstView dy, bool accumulate) {
  if (!scales_) return accumulate ? ops::add_scaled(pass.ctx, d, dy) : ops::copy(pass.ctx, d, dy);
  ops::rms_norm_backward(pass.ctx, d, parameters_.gradient(weight_), dy, sum_, inv_rms_, parameters_.value(weight_),
                         accumulate);
}

}  // namespace moe::nn
