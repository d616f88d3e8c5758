// SPDX-License-Identifier: Apache-2.0
// GShard's top-2 (2006.16668): both weights are divided by their sum (+1e-9); while training the second expert is kept
// with probability min(1, 2·g2), and where it is not the first keeps its divided weight. The balance loss's f counts
// first choices alone. First choices fill an expert's places before any second one (ops::limit_capacity).
#include "engine/moe/softmax_router.h"

namespace moe::routing {
namespace {

class GShard final : public SoftmaxRouter {
 public:
  using SoftmaxRouter::SoftmaxRouter;

 protected:
  int choices(const RouterInput& in) const override { return std::min(2, in.shape.experts); }
  bool renormalises(const RouterInput&, int k) const override { return k > 1; }
  double renormalise_floor() const override { return 1e-9; }
  bool balances_first_choices() const override { return true; }
  void give_up(const RouterInput& in, Decision& d) override {
    if (!in.pass.training || !in.settings.router.random_second || d.choices < 2) return;
    auto exact = in.exact();
    const View kept = in.pass.arena.take(DType::i32, d.ids.shape);
    ops::copy(exact, kept, d.ids);
    ops::keep_second(exact, kept, d.weights, stream_of(in, Purpose::random_second));
    d.ids = kept;
  }
};

}  // namespace

RouterEntry gshard_entry();
RouterEntry gshard_entry() {
  return {{"gshard", "GShard top-2",
           "Each token goes to its two best experts; the second one only with twice its weight as chance.",
           "GShard, Lepikhin et al. 2020 (2006.16668)", /*causal=*/true, /*fixed_top_k=*/2, /*mixes_tokens=*/false,
           common_settings({"router.random_second", "router.noise", "router.uniform_noise", "router.jitter",
                            "router.z_coefficient", "balance.coefficient", "balance.scope", "balance.importance"})},
          [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<GShard>(std::move(parameters));
          }};
}

}  // namespace moe::routing
