// SPDX-License-Identifier: Apache-2.0
// Elementwise functions. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include <cstdint>

#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

using moe::Activation;
/// y[R,F] = silu(x[:, :F])·x[:, F:] for swiglu with x[R,2F] (gate first); y = f(x[R,F]) for relu and gelu. Rows
/// [0,rows). y and dx may be stored rounded.
void activation_forward(Context& ctx, View y, ConstView x, Activation kind, std::int64_t rows);
void activation_backward(Context& ctx, View dx, ConstView dy, ConstView x, Activation kind, std::int64_t rows);
/// y += alpha·x, elementwise.
void add_scaled(Context& ctx, View y, ConstView x, double alpha = 1.0);
void fill(Context& ctx, View y, double value);
/// y = x; y may be stored rounded.
void copy(Context& ctx, View y, ConstView x);

}  // namespace moe::ops
