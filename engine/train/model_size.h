// SPDX-License-Identifier: Apache-2.0
// Sizes of a model that follow from its dimensions.
#pragma once
#include <cstdint>

#include "engine/core/architecture.h"

namespace moe::train {

struct ModelSize {
  std::int64_t parameters = 0;         // all
  std::int64_t active_parameters = 0;  // less the experts that a token does not visit
  double flops_per_token = 0;          // forward + backward, multiply and add counted apart
};

/// Of architecture_of(config), see core/architecture.h for what counts. `outputs`: numbers that a model of points gives
/// for one of them.
ModelSize model_size(const Config& config, int outputs = 1);

/// Of the policy in force.
RouterSize router_size(const Config& config);

}  // namespace moe::train
