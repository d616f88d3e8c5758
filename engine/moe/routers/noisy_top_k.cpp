// SPDX-License-Identifier: Apache-2.0
// Noisy top-k gating (Shazeer et al. 2017, 1701.06538): noisy = x·Wg + N(0,1)·(softplus(x·Wn) + 0.01) while training;
// the k largest noisy logits are chosen and weighed by their softmax among themselves. Wg and Wn start at zero: even
// gates, chosen by the noise alone. Importance is the sum of gate weights, load the smooth count of
// ops::smooth_load_forward; both losses are squared coefficients of variation.
#include "engine/moe/softmax_router.h"

namespace moe::routing {
namespace {

class NoisyTopK final : public SoftmaxRouter {
 public:
  using SoftmaxRouter::SoftmaxRouter;

 protected:
  static constexpr std::size_t kNoise = 1;  // Wn[E,D]

  static bool learns_noise(const RouterInput& in) { return in.pass.training && in.settings.router.learned_noise; }

  View scores(const RouterInput& in, View logits) override {
    if (!learns_noise(in)) return with_noise(in, logits);
    auto exact = in.exact();
    raw_ = in.take(logits.shape), sigma_ = in.take(logits.shape);
    const View noisy = in.take(logits.shape);
    clean_ = with_noise(in, logits);
    gate_.also(in, parameters_.value(kNoise), raw_);
    ops::learned_noise_forward(exact, noisy, sigma_, clean_, raw_, stream_of(in, Purpose::router_learned));
    return noisy;
  }

  void measure(const RouterInput& in, ConstView scores, Decision& d) override {
    if (!learns_noise(in)) return;
    auto exact = in.exact();
    d.load = in.take({in.shape.experts});
    ops::smooth_load_forward(exact, d.load, clean_, scores, sigma_, d.choices, LoadThreshold::own);
  }

  void scores_backward(const RouterInput& in, const Decision& d, View ds, View dx) override {
    if (!learns_noise(in)) return;
    auto exact = in.exact();
    const View draw = in.take_scratch(ds.shape);
    const double c = in.settings.balance.load * in.pass.loss_scale;
    View dclean, dsigma;
    if (c > 0) {
      const View dload = in.take_scratch({in.shape.experts});
      dclean = in.take_scratch(ds.shape), dsigma = in.take_scratch(ds.shape);
      ops::fill(exact, dclean, 0.0);
      ops::fill(exact, dsigma, 0.0);
      ops::squared_cv_backward(exact, dload, d.load, c);
      ops::smooth_load_backward(exact, dclean, ds, dsigma, dload, clean_, scores_, sigma_, d.choices,
                                LoadThreshold::own);
    }
    ops::learned_noise_backward(exact, draw, ds, dsigma, raw_, stream_of(in, Purpose::router_learned));
    gate_.backward(in, parameters_.value(kNoise), parameters_.gradient(kNoise), draw, dx);
    if (dclean) ops::add_scaled(exact, ds, dclean, 1.0);
  }

 private:
  View clean_, raw_, sigma_;  // [T,E]
};

std::vector<RouterParameter> parameters_of(const RouterShape& s) {
  const Shape rows{s.experts, s.width};
  return {{nn::ParameterKind::matrix, {"gate.weight", rows, nn::Init::constant, 0.0}},
          {nn::ParameterKind::matrix, {"gate.noise_weight", rows, nn::Init::constant, 0.0}}};
}

}  // namespace

RouterEntry noisy_top_k_entry();
RouterEntry noisy_top_k_entry() {
  return {{"noisy_top_k", "Noisy top-k",
           "Each token goes to the k largest logits after noise whose width the router learns for every token.",
           "Outrageously Large Neural Networks, Shazeer et al. 2017 (1701.06538)", /*causal=*/true, /*fixed_top_k=*/0,
           /*mixes_tokens=*/false,
           common_settings({"router.top_k", "router.renormalise", "router.learned_noise", "router.noise",
                            "router.uniform_noise", "router.jitter", "router.z_coefficient", "balance.coefficient",
                            "balance.scope", "balance.importance", "balance.load"})},
          parameters_of,
          [](RouterParameters parameters) -> std::unique_ptr<Router> {
            return std::make_unique<NoisyTopK>(std::move(parameters));
          }};
}

}  // namespace moe::routing
