// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model_size.h"

#include "engine/core/architecture.h"

namespace moe::train {

ModelSize model_size(const Config& config) {
  const Architecture model = architecture_of(config);
  const SequenceLength window{.decoder = config.model.context};
  return {.parameters = count_parameters(model).total(),
          .active_parameters = count_active(model).total(),
          .flops_per_token =
              kTrainingToForward * forward_flops(model, window).total() / static_cast<double>(window.tokens())};
}

}  // namespace moe::train
