// SPDX-License-Identifier: Apache-2.0
// All experts of a layer as grouped matrix products over rows sorted by expert.
#pragma once
#include <string>

#include "engine/core/config.h"
#include "engine/nn/feed_forward.h"

namespace moe::routing {

/// Expert e: y = w2_e·f(w13_e·x), w13[E, (1|2)F, D] (w1 = gate rows first, then w3 = up rows), w2[E, D, F]. Exposed as
/// experts.E.{w1,w3,w2}.weight; ReLU and GELU experts have no w3.
class GroupedExperts {
 public:
  /// `prefix` ends in "block_sparse_moe.".
  GroupedExperts(nn::ParameterSet& parameters, const ModelConfig& model, const std::string& prefix);
  /// y_sorted[Rmax,D] of x_sorted[Rmax,D]; offsets[E+1] as in ops::Plan, offsets[E] = rows in use. weights[Rmax], where
  /// given, scale the rows: they multiply the hidden values, w2·(weight·a) = weight·(w2·a), so that backward has their
  /// gradient from what it reads anyway and y_sorted need not be kept (SonicMoE, 2512.14080, does it for the gradient).
  void forward(nn::Pass& pass, View y_sorted, ConstView x_sorted, ConstView offsets, ConstView weights = {});
  /// dx_sorted of dy_sorted, and dweights[Rmax] where forward had weights; accumulates parameter gradients.
  void backward(nn::Pass& pass, View dx_sorted, ConstView dy_sorted, ConstView offsets, View dweights = {});

  /// y[T,D] of every row of x[T,D] by one expert, whatever was routed. Keeps nothing: forward and backward are not
  /// disturbed.
  View answer(nn::Pass& pass, ConstView x, int expert) const;

  nn::ParameterId input_weights() const { return w13_; }
  nn::ParameterId output_weights() const { return w2_; }

 private:
  nn::ParameterSet& parameters_;
  int width_, hidden_;
  ops::Activation activation_;
  nn::ParameterId w13_, w2_;
  ConstView x_;
  ConstView weights_;
  View h_, a_;  // [Rmax, (1|2)F] before, [Rmax, F] after the activation
  std::int64_t rows_ = 0;
};

}  // namespace moe::routing
