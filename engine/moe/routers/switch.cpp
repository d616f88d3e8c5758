// SPDX-License-Identifier: Apache-2.0
// Switch routing (2101.03961): one expert a token, weighted by its softmax probability, which gives the router its
// gradient. The paper's input jitter is router.jitter (1e-2 there) and multiplies the router's input alone.
#include "engine/moe/softmax_router.h"

namespace moe::routing {
namespace {

class Switch final : public SoftmaxRouter {
 public:
  using SoftmaxRouter::SoftmaxRouter;

 protected:
  int choices(const RouterInput&) const override { return 1; }
};

}  // namespace

RouterEntry switch_entry();
RouterEntry switch_entry() {
  return {{"switch", "Switch", "Each token goes to its one best expert, weighted by its probability.",
           "Switch Transformers, Fedus et al. 2021 (2101.03961)", /*causal=*/true, /*fixed_top_k=*/1,
           /*mixes_tokens=*/false,
           common_settings({"router.noise", "router.uniform_noise", "router.jitter", "router.z_coefficient",
                            "balance.coefficient", "balance.scope", "balance.importance"})},
          [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<Switch>(std::move(parameters));
          }};
}

}  // namespace moe::routing
