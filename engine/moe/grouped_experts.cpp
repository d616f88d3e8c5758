// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/grouped_experts.h"

#include "engine/nn/host.h"
#include "engine/nn/initialisation.h"

namespace moe::routing {
namespace {

using nn::Init;
using nn::Part;

std::vector<Part> input_parts(const ModelConfig& model, const std::string& prefix, bool with_up) {
  const Shape shape{model.expert_width, model.width};
  std::vector<Part> parts;
  parts.reserve(static_cast<std::size_t>(model.experts) * (with_up ? 2 : 1));
  for (int e = 0; e < model.experts; ++e) {
    const std::string expert = prefix + "experts." + std::to_string(e);
    parts.push_back({expert + ".w1.weight", shape, Init::normal, model.init_std});
    if (with_up) parts.push_back({expert + ".w3.weight", shape, Init::normal, model.init_std});
  }
  return parts;
}

std::vector<Part> output_parts(const ModelConfig& model, const std::string& prefix) {
  std::vector<Part> parts;
  parts.reserve(static_cast<std::size_t>(model.experts));
  for (int e = 0; e < model.experts; ++e)
    parts.push_back({prefix + "experts." + std::to_string(e) + ".w2.weight",
                     {model.width, model.expert_width},
                     Init::normal,
                     nn::residual_std(model)});
  return parts;
}

}  // namespace

GroupedExperts::GroupedExperts(nn::ParameterSet& parameters, const ModelConfig& model, const std::string& prefix)
    : parameters_(parameters),
      width_(model.width),
      hidden_(model.expert_width),
      activation_(nn::activation_of(model.activation)) {
  const std::int64_t rows = nn::input_rows(activation_) * static_cast<std::int64_t>(hidden_);
  w13_ = parameters.add({model.experts, rows, width_}, nn::ParameterKind::matrix,
                        input_parts(model, prefix, activation_ == ops::Activation::swiglu));
  w2_ = parameters.add({model.experts, width_, hidden_}, nn::ParameterKind::matrix, output_parts(model, prefix));
}

void GroupedExperts::forward(nn::Pass& pass, View y_sorted, ConstView x_sorted, ConstView offsets, ConstView weights) {
  const std::int64_t capacity = x_sorted.dim(0);
  std::int32_t rows = 0;
  nn::read(pass.ctx, {&rows, 1}, offsets.rows(offsets.size() - 1, offsets.size()));
  rows_ = rows;
  x_ = x_sorted;
  weights_ = weights;
  h_ = pass.take_operand({capacity, nn::input_rows(activation_) * static_cast<std::int64_t>(hidden_)});
  a_ = pass.take_operand({capacity, hidden_});
  ops::grouped_linear_forward(pass.ctx, h_, x_sorted, parameters_.operand(w13_), offsets);
  ops::activation_forward(pass.ctx, a_, h_, activation_, rows_, weights_);
  ops::grouped_linear_forward(pass.ctx, y_sorted, a_, parameters_.operand(w2_), offsets);
}

void GroupedExperts::backward(nn::Pass& pass, View dx_sorted, ConstView dy_sorted, ConstView offsets, View dweights) {
  View da = pass.take_scratch_operand(a_.shape), dh = pass.take_scratch_operand(h_.shape);
  ops::grouped_linear_backward(pass.ctx, da, parameters_.gradient(w2_), dy_sorted, a_, parameters_.operand(w2_),
                               offsets);
  ops::activation_backward(pass.ctx, dh, da, h_, activation_, rows_, weights_, dweights);
  ops::grouped_linear_backward(pass.ctx, dx_sorted, parameters_.gradient(w13_), dh, x_, parameters_.operand(w13_),
                               offsets);
}

View GroupedExperts::answer(nn::Pass& pass, ConstView x, int expert) const {
  const auto of_expert = [&](nn::ParameterId id) {
    const ConstView all = parameters_.operand(id);
    return all.rows(expert, expert + 1).reshaped({all.dim(1), all.dim(2)});
  };
  View h = pass.take_operand({x.dim(0), nn::input_rows(activation_) * static_cast<std::int64_t>(hidden_)});
  View a = pass.take_operand({x.dim(0), hidden_}), y = pass.take({x.dim(0), width_});
  ops::linear_forward(pass.ctx, h, x, of_expert(w13_));
  ops::activation_forward(pass.ctx, a, h, activation_, x.dim(0));
  ops::linear_forward(pass.ctx, y, a, of_expert(w2_));
  return y;
}

}  // namespace moe::routing
