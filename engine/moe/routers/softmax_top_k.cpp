// SPDX-License-Identifier: Apache-2.0
// Softmax top-k routing, as in Mixtral (2401.04088): the k largest logits are chosen; their weights are their softmax
// probabilities, renormalised (Mixtral, GLaM, Qwen) or not (OLMoE, 2409.02060). All of it is the family's default.
#include "engine/moe/softmax_router.h"

namespace moe::routing {
namespace {

class SoftmaxTopK final : public SoftmaxRouter {
 public:
  using SoftmaxRouter::SoftmaxRouter;
};

}  // namespace

RouterEntry softmax_top_k_entry();
RouterEntry softmax_top_k_entry() {
  return {
      {"softmax_top_k", "Softmax top-k",
       "Each token goes to the k experts with the largest logits, weighted by their softmax probabilities.",
       "Mixtral of Experts, Jiang et al. 2024 (2401.04088)", /*causal=*/true, /*fixed_top_k=*/0, /*mixes_tokens=*/false,
       common_settings({"router.top_k", "router.renormalise", "router.noise", "router.uniform_noise", "router.jitter",
                        "router.z_coefficient", "balance.coefficient", "balance.scope", "balance.importance"})},
      [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
      [](RouterParameters parameters) -> std::unique_ptr<Router> {
        return std::make_unique<SoftmaxTopK>(std::move(parameters));
      }};
}

}  // namespace moe::routing
