// SPDX-License-Identifier: Apache-2.0
// Expert choice (Zhou et al. 2022, 2202.09368): p = softmax over experts; every expert takes the C = ceil(T·k/E) tokens
// with its largest p, weighted by p. Balanced by construction, and a token may get none or many experts. Whether a
// token is taken depends on the others of its batch, later ones too: in a decoder that is looking into the future, and
// what is measured on whole windows cannot be reached token by token.
#include <algorithm>

#include "engine/moe/token_choice.h"

namespace moe::routing {
namespace {

class ExpertChoice final : public Router {
 public:
  explicit ExpertChoice(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) override {
    auto exact = in.exact();
    const std::int64_t tokens = in.tokens(), experts = in.shape.experts;
    out.logits = in.take({tokens, experts});
    out.probabilities = in.take({tokens, experts});
    out.log_sum_exp = in.take({tokens});
    gate_.forward(in, parameters_.value(0), out.logits);
    ops::log_sum_exp(exact, out.log_sum_exp, out.logits);
    ops::softmax_forward(exact, out.probabilities, out.logits);
    out.noisy = with_noise(in, out.logits);
    weighing_ = out.probabilities;
    if (out.noisy.data != out.logits.data) {
      weighing_ = in.take({tokens, experts});
      ops::softmax_forward(exact, weighing_, out.noisy);
    }
    const std::int64_t capacity = std::min(tokens, (tokens * in.settings.router.top_k + experts - 1) / experts);
    out.choices = in.shape.experts;
    out.ranked = false;
    out.most_assignments = std::max<std::int64_t>(1, experts * capacity);
    out.ids = in.pass.arena.take(DType::i32, {tokens, experts});
    out.scores = weighing_;
    ops::expert_choices(exact, out.ids, weighing_, capacity);
    out.weights = in.take({tokens, experts});
    ops::take_forward(exact, out.weights, weighing_, out.ids);
    out.counts = in.pass.arena.take(DType::i32, {experts});
    out.mass = in.take({experts});
    ops::count_choices(exact, out.counts, out.mass, out.ids, out.weights);
    out.kept_ids = out.ids;
  }
  void backward(const RouterInput& in, const Decision& d, ConstView dweights, View dx) override {
    auto exact = in.exact();
    const View dp = in.take_scratch(d.logits.shape), ds = in.take_scratch(d.logits.shape);
    ops::fill(exact, dp, 0.0);
    ops::take_backward(exact, dp, dweights, d.ids);
    ops::softmax_backward(exact, ds, dp, weighing_, /*accumulate=*/false);
    if (const double c = in.settings.router.z_coefficient * in.pass.loss_scale; c > 0)
      ops::z_loss_backward(exact, ds, d.probabilities, d.log_sum_exp, c);
    gate_.backward(in, parameters_.value(0), parameters_.gradient(0), ds, dx);
  }

 private:
  RouterParameters parameters_;
  Gate gate_;
  View weighing_;  // [T,E] softmax of the logits with noise
};

}  // namespace

RouterEntry expert_choice_entry();
RouterEntry expert_choice_entry() {
  return {
      {"expert_choice",
       "Expert choice",
       "Every expert picks its own best tokens, k for each on average; in a language model it thereby sees the future.",
       "Expert Choice Routing, Zhou et al. 2022 (2202.09368)",
       /*causal=*/false,
       /*fixed_top_k=*/0,
       /*mixes_tokens=*/false,
       {"router.policy", "router.top_k", "router.noise", "router.uniform_noise", "router.jitter",
        "router.z_coefficient", "remedy.idle_share", "remedy.revive_after"}},
      [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
      [](RouterParameters parameters) -> std::unique_ptr<Router> {
        return std::make_unique<ExpertChoice>(std::move(parameters));
      }};
}

}  // namespace moe::routing
