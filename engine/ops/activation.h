// SPDX-License-Identifier: Apache-2.0
// Elementwise functions. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include <cstdint>

#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::Activation;
/// y[r] = weight_r·f(x[r]) for rows r < rows; weights[R], or empty: all 1. f(x) = silu(x[:F])·x[F:] for swiglu with
/// x[R,2F] (gate first), y[R,F]; relu and gelu: x[R,F]. x and y of one dtype, or both stored rounded.
void activation_forward(Context& ctx, View y, ConstView x, Activation kind, std::int64_t rows, ConstView weights = {});
/// dx of dy; with weights also dweights[r] = ⟨dy[r], f(x[r])⟩. All of x's dtype; weights and dweights as in forward.
void activation_backward(Context& ctx, View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows,
                         ConstView weights = {}, View dweights = {});
/// y += alpha·x, elementwise.
void add_scaled(Context& ctx, View y, ConstView x, double alpha = 1.0);
void fill(Context& ctx, View y, double value);
/// y = x; y may be stored rounded.
void copy(Context& ctx, View y, ConstView x);

}  // namespace moe::ops
