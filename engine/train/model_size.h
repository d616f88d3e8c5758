// SPDX-License-Identifier: Apache-2.0
// Sizes of a model that follow from its dimensions.
#pragma once
#include <cstdint>

#include "engine/core/config.h"

namespace moe::train {

struct ModelSize {
  std::int64_t parameters = 0;         // all
  std::int64_t active_parameters = 0;  // less the experts that a token does not visit
  double flops_per_token = 0;          // forward + backward, multiply and add counted apart
};

/// At config.router.top_k. Backward products cost twice the forward ones; attention counts the causal half of S×S
///; norms, softmax and the embedding look-up are left out. `outputs`: numbers that a model of points gives for one.
ModelSize model_size(const Config& config, int outputs = 1);

}  // namespace moe::train
