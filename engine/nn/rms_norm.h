// SPDX-License-Identifier: Apache-2.0
// RMSNorm over the residual stream, with the pending residual addition (Zhang & Sennrich 2019). With model.norm = none
// only the addition is left.
#pragma once
#include <string>

#include "engine/core/config.h"
#include "engine/nn/parameters.h"
#include "engine/nn/pass.h"

namespace moe::nn {

class RmsNorm {
 public:
  RmsNorm(ParameterSet& parameters, const ModelConfig& model, const std::string& name);
  struct Result {
    View sum, y;  // [T,D]: x + delta, and its norm (the sum itself without one)
  };
  /// With an empty delta the sum is x itself. `operand`: products alone read y.
  Result forward(Pass& pass, View x, ConstView delta, bool operand);
  /// d[T,D], the gradient of sum, gains what comes through the norm from dy; without `accumulate` it is written.
  void backward(Pass& pass, View d, ConstView dy, bool accumulate = true);

 private:
  ParameterSet& parameters_;
  double eps_;
  bool scales_;  // false: model.norm = none
  ParameterId weight_ = -1;
  View sum_, inv_rms_;
};

}  // namespace moe::nn
