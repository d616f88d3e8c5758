// SPDX-License-Identifier: Apache-2.0
// The feed-forward half of a block: the interface that dense layers and Mixture-of-Experts layers share, and the dense
// one.
#pragma once
#include <memory>
#include <string>

#include "engine/nn/parameters.h"
#include "engine/nn/pass.h"

namespace moe::nn {

class FeedForward {
 public:
  virtual ~FeedForward() = default;
  /// Whether forward() gives x to products alone.
  virtual bool reads_operand() const = 0;
  /// y[T,D] of x[T,D]; x must stay valid until backward.
  virtual View forward(Pass& pass, ConstView x) = 0;
  /// dx[T,D] (scratch) of dy[T,D]; accumulates parameter gradients. Uses what the last forward kept.
  virtual View backward(Pass& pass, ConstView dy) = 0;
};

ops::Activation activation_of(const std::string& name);
/// Rows of the first projection per hidden unit: 2 for SwiGLU (gate, then up), else 1.
constexpr int input_rows(ops::Activation a) { return a == ops::Activation::swiglu ? 2 : 1; }

/// Names of the three projections; `up` is used by SwiGLU only.
struct FeedForwardNames {
  std::string gate, up, down;
};

/// y = W_down·f(W_in·x), W_in[(1|2)F, D] (gate rows first), W_down[D, F]. Shazeer 2020 (2002.05202) for SwiGLU.
class DenseFeedForward final : public FeedForward {
 public:
  struct Shape {
    int width, hidden;
    ops::Activation activation;
    double init_std, residual_std;  // residual_std: of the projection that writes to the residual stream
  };
  DenseFeedForward(ParameterSet& parameters, const Shape& shape, const FeedForwardNames& names);
  bool reads_operand() const override { return true; }
  View forward(Pass& pass, ConstView x) override;
  View backward(Pass& pass, ConstView dy) override;

 private:
  ParameterSet& parameters_;
  Shape shape_;
  ParameterId w_in_, w_down_;
  ConstView x_;
  View h_, a_;  // [T, (1|2)F] before, [T, F] after the activation
};

}  // namespace moe::nn
