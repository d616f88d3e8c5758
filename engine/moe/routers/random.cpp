// SPDX-License-Identifier: Apache-2.0
// Uniform random routing, the control experiment: k different experts for every token, drawn evenly anew in every step,
// each weighing 1/k. Evaluation and probes use one fixed draw per position, so that they repeat.
#include "engine/moe/token_choice.h"

namespace moe::routing {
namespace {

class Random final : public Router {
 public:
  explicit Random(const RouterParameters&) {}
  void forward(const RouterInput& in, Decision& out) override {
    auto exact = in.exact();
    const auto lane = static_cast<std::uint32_t>(in.shape.layer);
    const RandomStream stream = in.pass.training ? stream_of(in, Purpose::router_choice)
                                                 : RandomStream(in.pass.seed, Purpose::random_routing, 0, lane);
    out.choices = in.settings.router.top_k;
    out.ids = in.pass.arena.take(DType::i32, {in.tokens(), out.choices});
    ops::random_choices(exact, out.ids, stream, 1.0, in.shape.experts);
    out.weights = in.take(out.ids.shape);
    ops::fill(exact, out.weights, 1.0 / out.choices);
    settle(in, out);
    out.probabilities = probabilities_of_weights(in, out);
  }
  void backward(const RouterInput&, const Decision&, ConstView, View) override {}
};

}  // namespace

RouterEntry random_entry();
RouterEntry random_entry() {
  return {{"random",
           "Uniform random",
           "Every token goes to k random experts: what an MoE is worth without any routing.",
           "the control experiment; compare Zuo et al. 2021 (2110.04260)",
           /*causal=*/true,
           /*fixed_top_k=*/0,
           /*mixes_tokens=*/false,
           {"router.policy", "router.top_k", "capacity.factor", "capacity.eval_factor", "capacity.drop"}},
          [](const RouterShape&) { return std::vector<RouterParameter>{}; },
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<Random>(std::move(parameters));
          }};
}

}  // namespace moe::routing
