// SPDX-License-Identifier: Apache-2.0
#include "engine/nn/point_network.h"

#include <cmath>

namespace moe::nn {
namespace {

// Coordinates have a variance of about 1/3 each and the constant is 1, so features start near unit variance.
constexpr double kInputStd = 0.8;

}  // namespace

PointNetwork::PointNetwork(ParameterSet& parameters, const ModelConfig& model, int outputs, bool classes,
                           const FeedForwardFactory& feed_forward)
    : parameters_(parameters),
      width_(model.width),
      outputs_(outputs),
      classes_(classes),
      w_in_(parameters.add(ParameterKind::matrix,
                           {"model.embed_points.weight", {model.width, kFeatures}, Init::normal, kInputStd})),
      blocks_(make_blocks(parameters, model, feed_forward)),
      w_out_(parameters.add(
          ParameterKind::matrix,
          {"head.weight", {outputs, model.width}, Init::normal, 1.0 / std::sqrt(static_cast<double>(model.width))})) {}

View PointNetwork::forward(Pass& pass) {
  View x = pass.take({pass.tokens(), width_});
  ops::linear_forward(pass.ctx, x, pass.points, parameters_.value(w_in_));
  Stream stream{x, {}};
  for (auto& block : blocks_) stream = block.forward(pass, stream);
  x_ = stream.x;
  if (stream.delta) {
    x_ = pass.take(stream.x.shape);
    ops::copy(pass.ctx, x_, stream.x);
    ops::add_scaled(pass.ctx, x_, stream.delta);
  }
  output_ = head(pass, x_);
  return output_;
}

View PointNetwork::head(Pass& pass, ConstView x) const {
  View out = pass.take({x.dim(0), outputs_});
  ops::linear_forward(pass.ctx, out, x, parameters_.value(w_out_));
  return out;
}

View PointNetwork::loss(Pass& pass, ConstView targets, bool with_gradient) {
  View loss = pass.take({pass.tokens()});
  const double scale = pass.loss_scale / static_cast<double>(pass.tokens());
  const View gradient = with_gradient ? output_ : View{};
  if (classes_)
    ops::cross_entropy(pass.ctx, loss, gradient, output_, targets, scale);
  else
    ops::squared_error(pass.ctx, loss, gradient, output_, targets, scale);
  return loss;
}

void PointNetwork::backward(Pass& pass) {
  View d = pass.take(x_.shape);
  ops::linear_backward(pass.ctx, d, parameters_.gradient(w_out_), output_, x_, parameters_.value(w_out_));
  for (auto block = blocks_.rbegin(); block != blocks_.rend(); ++block) block->backward(pass, d);
  ops::linear_backward(pass.ctx, {}, parameters_.gradient(w_in_), d, pass.points, parameters_.value(w_in_));
}

}  // namespace moe::nn
