// SPDX-License-Identifier: Apache-2.0
#include "engine/train/model_size.h"

#include "engine/moe/router.h"

namespace moe::train {

RouterSize router_size(const Config& config) {
  const routing::RouterEntry& entry = routing::find_router(config.router.policy);
  routing::RouterShape shape;
  shape.width = config.model.width, shape.experts = config.model.experts, shape.vocabulary = config.model.vocabulary;
  shape.slots_each = config.router.slots_each;
  std::int64_t trained = 0;
  for (const auto& parameter : entry.parameters(shape))
    if (parameter.kind != nn::ParameterKind::state) trained += parameter.part.shape.size();
  return {trained / (std::int64_t{shape.width} * shape.experts),
          entry.info.mixes_tokens ? config.model.experts : entry.info.fixed_top_k};
}

ModelSize model_size(const Config& config, int outputs) {
  const Architecture model = architecture_of(config, router_size(config), outputs);
  const SequenceLength window{.decoder = positions_per_row(config)};
  return {.parameters = count_parameters(model).total(),
          .active_parameters = count_active(model).total(),
          .flops_per_token =
              kTrainingToForward * forward_flops(model, window).total() / static_cast<double>(window.tokens())};
}

}  // namespace moe::train
