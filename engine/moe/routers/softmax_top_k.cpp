// SPDX-License-Identifier: Apache-2.0
// Softmax top-k routing, as in Mixtral (2401.04088): s = x·Wgᵀ; the k largest logits are chosen; a chosen expert's
// weight is its probability under the softmax over all experts, divided by the chosen ones' sum when renormalised. At k
// = 1 that quotient would be 1 and the router would learn nothing, so the weight stays the probability (Switch,
// 2101.03961).
//
// Fixed Gaussian noise, training only: s' = s + σ·N(0,1) chooses and weighs, as in V-MoE (2106.05974, section 2.2), so
// that the task gradient goes through the choice that was really made. The balance loss's P and the z-loss use the
// softmax of s without noise (V-MoE's importance loss does too): they shape the router itself, not the draw of one
// step. The balance loss's f counts the decisions made.
#include "engine/moe/router.h"

namespace moe::routing {
namespace {

enum : std::size_t { kGate };  // Wg[E,D]

class SoftmaxTopK final : public Router {
 public:
  explicit SoftmaxTopK(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) override;
  void backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) override;

 private:
  static bool renormalises(const RouterInput& in, int k) { return in.settings.router.renormalise && k > 1; }
  static void choose(const RouterInput& in, ConstView scores, Decision& out);

  RouterParameters parameters_;
  View chosen_;         // [T,K] probabilities of the chosen experts, before renormalising
  View probabilities_;  // [T,E] softmax of the logits that chose: with noise, when there is any
};

void SoftmaxTopK::forward(const RouterInput& in, Decision& out) {
  nn::Pass& pass = in.pass;
  const std::int64_t tokens = in.x.dim(0);
  const DType dtype = in.x.dtype == DType::f64 ? DType::f64 : DType::f32;
  const auto take = [&](Shape shape) { return pass.arena.take(dtype, shape); };
  ops::Context exact{pass.ctx.backend, MatmulPrecision::native};

  out.logits = take({tokens, in.shape.experts});
  out.probabilities = take({tokens, in.shape.experts});
  out.log_sum_exp = take({tokens});
  ops::linear_forward(exact, out.logits, in.x, parameters_.value(kGate));
  ops::softmax_forward(exact, out.probabilities, out.logits);
  ops::log_sum_exp(exact, out.log_sum_exp, out.logits);

  const double noise = in.settings.router.noise;
  View scores = out.logits;
  probabilities_ = out.probabilities;
  if (pass.training && noise > 0) {
    scores = take({tokens, in.shape.experts});
    probabilities_ = take({tokens, in.shape.experts});
    ops::copy(exact, scores, out.logits);
    const auto lane = static_cast<std::uint32_t>(in.shape.layer) | static_cast<std::uint32_t>(pass.micro) << 16;
    ops::add_normal(exact, scores, RandomStream(pass.seed, Purpose::router_noise, pass.step, lane), noise);
    ops::softmax_forward(exact, probabilities_, scores);
  }
  out.scores = scores;
  chosen_ = take({tokens, in.settings.router.top_k});
  choose(in, scores, out);
  ops::take_forward(exact, chosen_, probabilities_, out.ids);
  out.weights = chosen_;
  if (renormalises(in, out.choices)) {
    out.weights = take(chosen_.shape);
    ops::renormalise_forward(exact, out.weights, chosen_, 0.0);
  }
  ops::count_choices(exact, out.counts, out.mass, out.ids, out.weights);
}

void SoftmaxTopK::choose(const RouterInput& in, ConstView scores, Decision& out) {
  out.choices = in.settings.router.top_k;
  out.ids = in.pass.arena.take(DType::i32, {scores.dim(0), out.choices});
  out.kept_ids = out.ids;
  out.counts = in.pass.arena.take(DType::i32, {scores.dim(1)});
  out.mass = in.pass.arena.take(scores.dtype, {scores.dim(1)});
  ops::top_k(in.pass.ctx, out.ids, scores, out.choices);
}

void SoftmaxTopK::backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) {
  ops::Context exact{in.pass.ctx.backend, MatmulPrecision::native};
  const auto take = [&](Shape shape) { return in.pass.scratch.take(decision.logits.dtype, shape); };
  ConstView dchosen = dweights;
  if (renormalises(in, decision.choices)) {
    View unnormalised = take(chosen_.shape);
    ops::renormalise_backward(exact, unnormalised, dweights, chosen_, 0.0);
    dchosen = unnormalised;
  }
  View dp = take(decision.logits.shape), ds = take(decision.logits.shape);
  ops::fill(exact, dp, 0.0);
  ops::take_backward(exact, dp, dchosen, decision.ids);
  ops::softmax_backward(exact, ds, dp, probabilities_, /*accumulate=*/false);

  const double scale = in.pass.loss_scale;
  if (const double c = in.settings.balance.coefficient * scale; c > 0)
    ops::balance_loss_backward(exact, ds, decision.probabilities, decision.counts, decision.choices, c);
  if (const double c = in.settings.router.z_coefficient * scale; c > 0)
    ops::z_loss_backward(exact, ds, decision.probabilities, decision.log_sum_exp, c);
  ops::linear_backward(exact, dx, parameters_.gradient(kGate), ds, in.x, parameters_.value(kGate),
                       /*accumulate_dx=*/true);
}

std::vector<RouterParameter> parameters_of(const RouterShape& s) {
  return {{nn::ParameterKind::matrix, {"gate.weight", {s.experts, s.width}, nn::Init::normal, s.init_std}}};
}

std::unique_ptr<Router> make(RouterParameters parameters) {
  return std::make_unique<SoftmaxTopK>(std::move(parameters));
}

}  // namespace

RouterEntry softmax_top_k_entry();
RouterEntry softmax_top_k_entry() {
  return {{"softmax_top_k", "Softmax top-k",
           "Each token goes to the k experts with the largest logits, weighted by their softmax probabilities.",
           "Mixtral of Experts, Jiang et al. 2024 (2401.04088)", /*causal=*/true, /*uses_top_k=*/true,
           /*has_balance_loss=*/true},
          parameters_of,
          make};
}

}  // namespace moe::routing
