// SPDX-License-Identifier: Apache-2.0
// Elementwise functions; the meaning of every function is in engine/ops/activation.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

enum class Activation { swiglu, relu, gelu };  // gelu: exact, erf

struct ActivationOps {
  virtual ~ActivationOps() = default;
  virtual void activation_forward(View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights) = 0;
  virtual void activation_backward(View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows,
                                   ConstView weights, View dweights) = 0;
  virtual void add_scaled(View y, ConstView x, double alpha) = 0;
  virtual void fill(View y, double value) = 0;
  virtual void copy(View y, ConstView x) = 0;
};

}  // namespace moe
