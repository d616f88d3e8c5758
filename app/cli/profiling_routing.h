// SPDX-License-Identifier: Apache-2.0
// The timed op families of routing, and the timer that all families use.
#pragma once
#include <chrono>

#include "app/cli/profiling_backend.h"

namespace moe::cli {

/// Times one call into an entry.
class Timer {
 public:
  Timer(OpTimes& times, Backend& backend) : times_(times), backend_(backend) {}
  template <class Call>
  auto operator()(const char* op, Call call) {
    struct Stop {
      OpTimes::Entry& entry;
      Backend& backend;
      std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
      ~Stop() {
        backend.synchronize();
        entry.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        ++entry.calls;
      }
    } stop{times_.ops[op], backend_};
    return call();
  }

 private:
  OpTimes& times_;
  Backend& backend_;
};

struct Router final : RouterOps {
  Timer& t;
  RouterOps& in;
  Router(Timer& timer, RouterOps& inner) : t(timer), in(inner) {}
  void softmax_forward(View p, ConstView s) override {
    t("softmax_forward", [&] { in.softmax_forward(p, s); });
  }
  void softmax_backward(View ds, ConstView dp, ConstView p, bool accumulate) override {
    t("softmax_backward", [&] { in.softmax_backward(ds, dp, p, accumulate); });
  }
  void top_k(View ids, ConstView scores, int k) override {
    t("top_k", [&] { in.top_k(ids, scores, k); });
  }
  void take_forward(View y, ConstView x, ConstView ids) override {
    t("take_forward", [&] { in.take_forward(y, x, ids); });
  }
  void take_backward(View dx, ConstView dy, ConstView ids) override {
    t("take_backward", [&] { in.take_backward(dx, dy, ids); });
  }
  void renormalise_forward(View w, ConstView y, double eps) override {
    t("renormalise_forward", [&] { in.renormalise_forward(w, y, eps); });
  }
  void renormalise_backward(View dy, ConstView dw, ConstView y, double eps) override {
    t("renormalise_backward", [&] { in.renormalise_backward(dy, dw, y, eps); });
  }
  void count_choices(View counts, View mass, ConstView ids, ConstView weights) override {
    t("count_choices", [&] { in.count_choices(counts, mass, ids, weights); });
  }
  void column_mean(View mean, ConstView p) override {
    t("column_mean", [&] { in.column_mean(mean, p); });
  }
  void balance_loss_backward(View ds, ConstView p, ConstView counts, int k, double coefficient) override {
    t("balance_loss_backward", [&] { in.balance_loss_backward(ds, p, counts, k, coefficient); });
  }
  void balance_gradient(View dp, ConstView counts, int k, double coefficient) override {
    t("balance_gradient", [&] { in.balance_gradient(dp, counts, k, coefficient); });
  }
  Scalar balance_loss(ConstView p, ConstView counts, int k) override {
    return t("balance_loss", [&] { return in.balance_loss(p, counts, k); });
  }
  void log_sum_exp(View lse, ConstView s) override {
    t("log_sum_exp", [&] { in.log_sum_exp(lse, s); });
  }
  void z_loss_backward(View ds, ConstView p, ConstView lse, double coefficient) override {
    t("z_loss_backward", [&] { in.z_loss_backward(ds, p, lse, coefficient); });
  }
  Scalar mean_entropy(ConstView p) override {
    return t("mean_entropy", [&] { return in.mean_entropy(p); });
  }
  void sigmoid_forward(View y, ConstView x) override {
    t("sigmoid_forward", [&] { in.sigmoid_forward(y, x); });
  }
  void sigmoid_backward(View dx, ConstView dy, ConstView y, bool accumulate) override {
    t("sigmoid_backward", [&] { in.sigmoid_backward(dx, dy, y, accumulate); });
  }
  void add_row(View y, ConstView row, double alpha) override {
    t("add_row", [&] { in.add_row(y, row, alpha); });
  }
  Scalar squared_cv(ConstView x) override {
    return t("squared_cv", [&] { return in.squared_cv(x); });
  }
  void squared_cv_backward(View dx, ConstView x, double coefficient) override {
    t("squared_cv_backward", [&] { in.squared_cv_backward(dx, x, coefficient); });
  }
};

struct Noise final : NoiseOps {
  Timer& t;
  NoiseOps& in;
  Noise(Timer& timer, NoiseOps& inner) : t(timer), in(inner) {}
  void add_normal(View x, const RandomStream& stream, double sigma) override {
    t("add_normal", [&] { in.add_normal(x, stream, sigma); });
  }
  void add_uniform(View x, const RandomStream& stream, double half_width) override {
    t("add_uniform", [&] { in.add_uniform(x, stream, half_width); });
  }
  void scale_uniform(View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate) override {
    t("scale_uniform", [&] { in.scale_uniform(y, x, stream, epsilon, accumulate); });
  }
  void learned_noise_forward(View noisy, View sigma, ConstView clean, ConstView raw,
                             const RandomStream& stream) override {
    t("learned_noise_forward", [&] { in.learned_noise_forward(noisy, sigma, clean, raw, stream); });
  }
  void learned_noise_backward(View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                              const RandomStream& stream) override {
    t("learned_noise_backward", [&] { in.learned_noise_backward(draw, dnoisy, dsigma, raw, stream); });
  }
  void smooth_load_forward(View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                           LoadThreshold threshold) override {
    t("smooth_load_forward", [&] { in.smooth_load_forward(load, clean, noisy, sigma, k, threshold); });
  }
  void smooth_load_backward(View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean, ConstView noisy,
                            ConstView sigma, int k, LoadThreshold threshold) override {
    t("smooth_load_backward",
      [&] { in.smooth_load_backward(dclean, dnoisy, dsigma, dload, clean, noisy, sigma, k, threshold); });
  }
};

struct Choice final : ChoiceOps {
  Timer& t;
  ChoiceOps& in;
  Choice(Timer& timer, ChoiceOps& inner) : t(timer), in(inner) {}
  void mask_groups(View y, ConstView x, int groups, int keep) override {
    t("mask_groups", [&] { in.mask_groups(y, x, groups, keep); });
  }
  void sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) override {
    t("sinkhorn", [&] { in.sinkhorn(plan, s, tolerance, most_iterations); });
  }
  void random_choices(View ids, const RandomStream& stream, double fraction, int experts) override {
    t("random_choices", [&] { in.random_choices(ids, stream, fraction, experts); });
  }
  void table_choices(View ids, ConstView table, ConstView token_ids, int experts) override {
    t("table_choices", [&] { in.table_choices(ids, table, token_ids, experts); });
  }
  void expert_choices(View ids, ConstView scores, std::int64_t capacity) override {
    t("expert_choices", [&] { in.expert_choices(ids, scores, capacity); });
  }
  void keep_second(View ids, ConstView weights, const RandomStream& stream) override {
    t("keep_second", [&] { in.keep_second(ids, weights, stream); });
  }
  void guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) override {
    t("guarantee_minimum", [&] { in.guarantee_minimum(ids, scores, minimum); });
  }
  void limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                      bool by_weight) override {
    t("limit_capacity", [&] { in.limit_capacity(kept, ids, weights, experts, capacity, by_weight); });
  }
  void count_groups(View counts, ConstView ids) override {
    t("count_groups", [&] { in.count_groups(counts, ids); });
  }
};

struct Soft final : SoftOps {
  Timer& t;
  SoftOps& in;
  Soft(Timer& timer, SoftOps& inner) : t(timer), in(inner) {}
  void unit_rows_forward(View y, View norms, ConstView x) override {
    t("unit_rows_forward", [&] { in.unit_rows_forward(y, norms, x); });
  }
  void unit_rows_backward(View dx, ConstView dy, ConstView y, ConstView norms) override {
    t("unit_rows_backward", [&] { in.unit_rows_backward(dx, dy, y, norms); });
  }
  void token_softmax_forward(View p, ConstView s, int batch) override {
    t("token_softmax_forward", [&] { in.token_softmax_forward(p, s, batch); });
  }
  void token_softmax_backward(View ds, ConstView dp, ConstView p, int batch) override {
    t("token_softmax_backward", [&] { in.token_softmax_backward(ds, dp, p, batch); });
  }
  void mix_forward(View mixed, ConstView x, ConstView weights, int batch) override {
    t("mix_forward", [&] { in.mix_forward(mixed, x, weights, batch); });
  }
  void mix_backward(View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch) override {
    t("mix_backward", [&] { in.mix_backward(dx, dweights, dslots, x, weights, batch); });
  }
  void unmix_forward(View y, ConstView mixed, ConstView weights, int batch, bool accumulate) override {
    t("unmix_forward", [&] { in.unmix_forward(y, mixed, weights, batch, accumulate); });
  }
  void unmix_backward(View dslots, View dweights, ConstView dy, ConstView mixed, ConstView weights,
                      int batch) override {
    t("unmix_backward", [&] { in.unmix_backward(dslots, dweights, dy, mixed, weights, batch); });
  }
};

}  // namespace moe::cli
