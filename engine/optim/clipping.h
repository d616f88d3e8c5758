// SPDX-License-Identifier: Apache-2.0
// Clipping by global norm (Pascanu et al. 2013, 1211.5063).
#pragma once
#include "engine/nn/parameters.h"

namespace moe::optim {

/// Euclidean norm over all gradients, summed in float64 in a fixed order; not finite when any gradient is not.
double gradient_norm(ops::Context& ctx, const nn::ParameterSet& parameters);

/// The factor that gradients are multiplied by: min(1, clip/norm); 1 when clip is 0 (off).
double clip_scale(double norm, double clip);

}  // namespace moe::optim
