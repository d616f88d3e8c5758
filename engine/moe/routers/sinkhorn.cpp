// SPDX-License-Identifier: Apache-2.0
// Sinkhorn routing, as in Megatron-LM, a fast relative of BASE layers (Lewis et al. 2021, 2103.16716): while training
// the k largest entries of the balanced plan of ops::sinkhorn choose, without a gradient; the weight is sigmoid(s) at k
// = 1, else softmax(s) over all experts, not renormalised. Evaluation takes the k largest logits. The plan looks at the
// whole batch, so training sees later tokens; evaluation does not.
#include "engine/moe/token_choice.h"

namespace moe::routing {
namespace {

class Sinkhorn final : public Router {
 public:
  explicit Sinkhorn(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) override {
    auto exact = in.exact();
    const Shape all{in.tokens(), in.shape.experts};
    out.logits = in.take(all), out.probabilities = in.take(all);
    out.log_sum_exp = in.take({in.tokens()});
    gate_.forward(in, parameters_.value(0), out.logits);
    ops::softmax_forward(exact, out.probabilities, out.logits);
    ops::log_sum_exp(exact, out.log_sum_exp, out.logits);
    out.choices = in.settings.router.top_k;
    out.ids = in.pass.arena.take(DType::i32, {in.tokens(), out.choices});
    View deciding = out.logits;
    if (in.pass.training) {
      deciding = in.take(all);
      out.noisy = with_noise(in, out.logits);
      ops::sinkhorn(exact, deciding, out.noisy, kTolerance, kMostIterations);
    }
    out.scores = deciding;
    ops::top_k(exact, out.ids, deciding, out.choices);
    move_choices(in, deciding, out.ids);
    weighing_ = out.probabilities;
    if (out.choices == 1) {
      weighing_ = in.take(all);
      ops::sigmoid_forward(exact, weighing_, out.logits);
    }
    out.weights = in.take(out.ids.shape);
    ops::take_forward(exact, out.weights, weighing_, out.ids);
    settle(in, out);
  }
  void backward(const RouterInput& in, const Decision& d, ConstView dweights, View dx) override {
    auto exact = in.exact();
    const View dw = in.take_scratch(d.logits.shape), ds = in.take_scratch(d.logits.shape);
    ops::fill(exact, dw, 0.0);
    ops::take_backward(exact, dw, dweights, d.ids);
    if (d.choices == 1)
      ops::sigmoid_backward(exact, ds, dw, weighing_, /*accumulate=*/false);
    else
      ops::softmax_backward(exact, ds, dw, weighing_, /*accumulate=*/false);
    if (const double c = in.settings.router.z_coefficient * in.pass.loss_scale; c > 0)
      ops::z_loss_backward(exact, ds, d.probabilities, d.log_sum_exp, c);
    gate_.backward(in, parameters_.value(0), parameters_.gradient(0), ds, dx);
  }

 private:
  static constexpr double kTolerance = 1e-4;  // Megatron-LM's
  static constexpr int kMostIterations = 200;

  RouterParameters parameters_;
  Gate gate_;
  View weighing_;  // [T,E]
};

}  // namespace

RouterEntry sinkhorn_entry();
RouterEntry sinkhorn_entry() {
  return {{"sinkhorn", "Sinkhorn",
           "While training tokens are assigned so that all experts are equally full; no balance loss is needed.",
           "BASE Layers, Lewis et al. 2021 (2103.16716), as in Megatron-LM", /*causal=*/true, /*fixed_top_k=*/0,
           /*mixes_tokens=*/false,
           common_settings(
               {"router.top_k", "router.noise", "router.uniform_noise", "router.jitter", "router.z_coefficient"})},
          [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<Sinkhorn>(std::move(parameters));
          }};
}

}  // namespace moe::routing
