// SPDX-License-Identifier: Apache-2.0
// DeepSeek-V3's routing (2412.19437): s = sigmoid(x·Wgᵀ). s + b chooses, first the best groups of experts (by the sum
// of their two best), then k experts inside them; s alone weighs, divided by the chosen ones' sum (not at k = 1, where
// the quotient would be 1) and scaled. b is the loss-free bias (2408.15664): after each optimizer step b += u·sign(c̄ −
// c). It never weighs, has no gradient, and stays in float32 with the router.
//
// The balance loss uses P = mean of s/Σs and f of the choices that s would have made without bias and groups; with
// balance.scope = sequence that is DeepSeek-V3's complementary loss.
#include <numeric>

#include "engine/moe/token_choice.h"
#include "engine/nn/host.h"

namespace moe::routing {
namespace {

class SigmoidTopK final : public Router {
 public:
  explicit SigmoidTopK(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) override;
  void backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) override;
  void after_step(ops::Context& ctx, const RouterSettings& settings, std::span<const std::int64_t> counts) override;

 private:
  enum : std::size_t { kGate, kBias };  // Wg[E,D], b[E]
  static constexpr double kFloor = 1e-20;

  static bool renormalises(const RouterInput& in, int k) { return in.settings.router.renormalise && k > 1; }
  View choose(const RouterInput& in, View ids);

  RouterParameters parameters_;
  Gate gate_;
  BalanceScope balance_;
  View scores_, chosen_;  // s[T,E]; s of the chosen [T,K]
  std::vector<double> bias_;
};

/// Fills ids and returns the scores that chose.
View SigmoidTopK::choose(const RouterInput& in, View ids) {
  auto exact = in.exact();
  View biased = in.take(scores_.shape);
  ops::copy(exact, biased, scores_);
  ops::add_row(exact, biased, parameters_.value(kBias), 1.0);
  leave_out(in, biased);  // a bias must not bring it back
  if (in.settings.router.groups > 1) {
    const View allowed = in.take(scores_.shape);
    ops::mask_groups(exact, allowed, biased, in.settings.router.groups, in.settings.router.group_top_k);
    biased = allowed;
  }
  ops::top_k(exact, ids, biased, static_cast<int>(ids.dim(1)));
  return biased;
}

void SigmoidTopK::forward(const RouterInput& in, Decision& out) {
  auto exact = in.exact();
  const Shape all{in.tokens(), in.shape.experts};
  out.logits = in.take(all), scores_ = in.take(all), out.probabilities = in.take(all);
  gate_.forward(in, parameters_.value(kGate), out.logits);
  out.noisy = with_noise(in, out.logits);
  ops::sigmoid_forward(exact, scores_, out.noisy);
  ops::renormalise_forward(exact, out.probabilities, scores_, kFloor);

  out.choices = in.settings.router.top_k;
  out.ids = in.pass.arena.take(DType::i32, {in.tokens(), out.choices});
  out.scores = choose(in, out.ids);
  move_choices(in, out.scores, out.ids);
  chosen_ = in.take(out.ids.shape);
  ops::take_forward(exact, chosen_, scores_, out.ids);
  View shares = chosen_;
  if (renormalises(in, out.choices)) {
    shares = in.take(out.ids.shape);
    ops::renormalise_forward(exact, shares, chosen_, kFloor);
  }
  out.weights = in.take(out.ids.shape);
  write_scaled(exact, out.weights, shares, in.settings.router.scale);
  settle(in, out);
  const View unbiased = in.pass.arena.take(DType::i32, out.ids.shape);
  ops::top_k(exact, unbiased, scores_, out.choices);
  balance_.count(in, unbiased, out);
}

void SigmoidTopK::backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) {
  auto exact = in.exact();
  View dchosen = in.take_scratch(chosen_.shape), ds = in.take_scratch(scores_.shape);
  write_scaled(exact, dchosen, dweights, in.settings.router.scale);
  if (renormalises(in, decision.choices)) {
    const View unnormalised = in.take_scratch(chosen_.shape);
    ops::renormalise_backward(exact, unnormalised, dchosen, chosen_, kFloor);
    dchosen = unnormalised;
  }
  ops::fill(exact, ds, 0.0);
  ops::take_backward(exact, ds, dchosen, decision.ids);
  if (const double c = in.settings.balance.coefficient * in.pass.loss_scale * decision.balance_scale; c > 0) {
    const View dp = in.take_scratch(scores_.shape), through = in.take_scratch(scores_.shape);
    ops::fill(exact, dp, 0.0);
    ops::balance_gradient(exact, dp, decision.balance_counts, decision.balance_choices, c);
    ops::renormalise_backward(exact, through, dp, scores_, kFloor);
    ops::add_scaled(exact, ds, through, 1.0);
  }
  const View dlogits = in.take_scratch(scores_.shape);
  ops::sigmoid_backward(exact, dlogits, ds, scores_, /*accumulate=*/false);
  gate_.backward(in, parameters_.value(kGate), parameters_.gradient(kGate), dlogits, dx);
}

void SigmoidTopK::after_step(ops::Context& ctx, const RouterSettings& settings, std::span<const std::int64_t> counts) {
  const double step = settings.balance.bias_step;
  if (step <= 0) return;
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  const View bias = parameters_.value(kBias);
  bias_.resize(counts.size());
  nn::read(ctx, bias_, bias);
  for (std::size_t e = 0; e < counts.size(); ++e) {
    // In whole numbers: an expert that has exactly the mean must not move by its rounding.
    const std::int64_t gap = total - static_cast<std::int64_t>(counts.size()) * counts[e];
    bias_[e] += gap > 0 ? step : gap < 0 ? -step : 0;
  }
  nn::write(ctx, bias, bias_);
}

std::vector<RouterParameter> parameters_of(const RouterShape& s) {
  return {gate_parameter(s),
          {nn::ParameterKind::state, {"gate.e_score_correction_bias", {s.experts}, nn::Init::constant, 0.0}}};
}

}  // namespace

RouterEntry sigmoid_top_k_entry();
RouterEntry sigmoid_top_k_entry() {
  return {{"sigmoid_top_k", "Sigmoid top-k",
           "Each expert is rated by itself; a bias that follows the load chooses with it, so that no loss is needed "
           "for balance.",
           "DeepSeek-V3, DeepSeek-AI 2024 (2412.19437)", /*causal=*/true, /*fixed_top_k=*/0, /*mixes_tokens=*/false,
           common_settings({"router.top_k", "router.renormalise", "router.groups", "router.group_top_k", "router.scale",
                            "router.noise", "router.uniform_noise", "router.jitter", "balance.coefficient",
                            "balance.scope", "balance.bias_step"})},
          parameters_of,
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<SigmoidTopK>(std::move(parameters));
          }};
}

}  // namespace moe::routing
