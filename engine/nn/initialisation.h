// SPDX-License-Identifier: Apache-2.0
// The standard deviations that weights start with.
#pragma once
#include <cmath>

#include "engine/core/config.h"

namespace moe::nn {

/// Projections that write to the residual stream (o_proj, w2, down_proj) start smaller by 1/sqrt(N), N = 2·layers
/// residual additions, so that the stream's variance does not grow with depth: GPT-2, Radford et al. 2019, section 2.3.
inline double residual_std(const ModelConfig& model) { return model.init_std / std::sqrt(2.0 * model.layers); }

}  // namespace moe::nn
