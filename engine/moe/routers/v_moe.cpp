// SPDX-License-Identifier: Apache-2.0
// V-MoE's routing (Riquelme et al. 2021, 2106.05974): Gaussian noise of fixed width 1/E on the logits while training,
// weights are the softmax over all noisy logits, never renormalised. Importance is summed over the softmax without
// noise, load against the k-th noisy logit.
#include "engine/moe/softmax_router.h"

namespace moe::routing {
namespace {

class VMoe final : public SoftmaxRouter {
 public:
  using SoftmaxRouter::SoftmaxRouter;

 protected:
  bool renormalises(const RouterInput&, int) const override { return false; }
  bool importance_is_mass() const override { return false; }

  View scores(const RouterInput& in, View logits) override {
    if (!in.pass.training) return logits;
    auto exact = in.exact();
    const View noisy = in.take(logits.shape);
    ops::copy(exact, noisy, logits);
    ops::add_normal(exact, noisy, stream_of(in, Purpose::router_noise), 1.0 / in.shape.experts);
    return noisy;
  }

  void measure(const RouterInput& in, ConstView scores, Decision& d) override {
    auto exact = in.exact();
    d.importance = in.take({in.shape.experts});
    ops::column_mean(exact, d.importance, d.probabilities);  // CV² does not know a mean from a sum
    if (!in.pass.training) return;
    sigma_ = in.take(d.logits.shape);
    ops::fill(exact, sigma_, 1.0 / in.shape.experts);
    d.load = in.take({in.shape.experts});
    ops::smooth_load_forward(exact, d.load, d.logits, scores, sigma_, d.choices, LoadThreshold::last_chosen);
  }

  void scores_backward(const RouterInput& in, const Decision& d, View ds, View) override {
    auto exact = in.exact();
    const double importance = in.settings.balance.importance * in.pass.loss_scale;
    const double load = in.settings.balance.load * in.pass.loss_scale;
    const View slope = in.take_scratch({in.shape.experts});
    if (load > 0 && in.pass.training) {
      const View dclean = in.take_scratch(ds.shape);
      ops::fill(exact, dclean, 0.0);
      ops::squared_cv_backward(exact, slope, d.load, load);
      ops::smooth_load_backward(exact, dclean, ds, View{}, slope, d.logits, scores_, sigma_, d.choices,
                                LoadThreshold::last_chosen);
      ops::add_scaled(exact, ds, dclean, 1.0);
    }
    if (importance > 0) {
      const View dp = in.take_scratch(ds.shape);
      ops::squared_cv_backward(exact, slope, d.importance, importance);
      ops::fill(exact, dp, 0.0);
      ops::add_row(exact, dp, slope, 1.0 / static_cast<double>(in.tokens()));
      ops::softmax_backward(exact, ds, dp, d.probabilities, /*accumulate=*/true);
    }
  }

 private:
  View sigma_;  // [T,E]
};

}  // namespace

RouterEntry v_moe_entry();
RouterEntry v_moe_entry() {
  return {
      {"v_moe", "V-MoE", "Softmax top-k with noise of fixed width 1/E and losses that even out importance and load.",
       "Scaling Vision with Sparse Mixture of Experts, Riquelme et al. 2021 (2106.05974)", /*causal=*/true,
       /*fixed_top_k=*/0, /*mixes_tokens=*/false,
       common_settings({"router.top_k", "router.jitter", "router.z_coefficient", "balance.coefficient", "balance.scope",
                        "balance.importance", "balance.load"}),
       /*fixed_noise=*/true},
      [](const RouterShape& shape) { return std::vector<RouterParameter>{gate_parameter(shape)}; },
      [](RouterParameters parameters) -> std::unique_ptr<Router> {
        return std::make_unique<VMoe>(std::move(parameters));
      }};
}

}  // namespace moe::routing
