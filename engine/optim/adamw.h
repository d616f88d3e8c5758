// SPDX-License-Identifier: Apache-2.0
// AdamW over a model's parameters.
#pragma once
#include <cstdint>

#include "engine/core/config.h"
#include "engine/nn/parameters.h"

namespace moe::optim {

/// One step on every trained tensor, and sets the gradients to zero. Decay acts on matrices (embedding and head too),
/// not on norms. An expert without tokens has a zero gradient: it decays and coasts on its momentum, as with grouped
/// matrix products elsewhere. `step` is 1-based.
void adamw_step(ops::Context& ctx, nn::ParameterSet& parameters, const OptimConfig& optim, double lr, std::int64_t step,
                double gradient_scale);

}  // namespace moe::optim
