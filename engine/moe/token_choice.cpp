// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/token_choice.h"

#include <algorithm>
#include <cmath>

#include "engine/nn/host.h"

namespace moe::routing {

RandomStream stream_of(const RouterInput& in, Purpose purpose) {
  const auto lane = static_cast<std::uint32_t>(in.shape.layer) | static_cast<std::uint32_t>(in.pass.micro) << 16;
  return RandomStream(in.pass.seed, purpose, in.pass.step, lane);
}

RouterParameter gate_parameter(const RouterShape& s) {
  return {nn::ParameterKind::matrix, {"gate.weight", {s.experts, s.width}, nn::Init::normal, s.init_std}};
}

void leave_out(const RouterInput& in, View rows) {
  constexpr double kNever = -1e30;  // below every logit, and finite: differences of two stay numbers
  const nn::Pass::LeftOut& out = in.pass.left_out;
  if (out.expert < 0 || out.layer != in.shape.layer) return;
  const auto columns = static_cast<std::size_t>(rows.dim(1)),
             each = columns / static_cast<std::size_t>(in.shape.experts);
  std::vector<double> mask(columns);
  std::fill_n(mask.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(out.expert) * each), each, kNever);
  auto exact = in.exact();
  const View row = in.take({rows.dim(1)});
  nn::write(exact, row, mask);
  ops::add_row(exact, rows, row, 1.0);
}

void Gate::forward(const RouterInput& in, ConstView weight, View logits) {
  x_ = in.x;
  auto exact = in.exact();
  if (jitters(in)) {
    const View jittered = in.take(in.x.shape);
    ops::scale_uniform(exact, jittered, in.x, stream_of(in, Purpose::router_jitter), in.settings.router.jitter, false);
    x_ = jittered;
  }
  ops::linear_forward(exact, logits, x_, weight);
  leave_out(in, logits);
}

void Gate::also(const RouterInput& in, ConstView weight, View logits) const {
  auto exact = in.exact();
  ops::linear_forward(exact, logits, x_, weight);
}

void Gate::backward(const RouterInput& in, ConstView weight, View dweight, ConstView dlogits, View dx) const {
  auto exact = in.exact();
  if (!jitters(in)) return ops::linear_backward(exact, dx, dweight, dlogits, x_, weight, /*accumulate_dx=*/true);
  const View djittered = in.take_scratch(in.x.shape);
  ops::linear_backward(exact, djittered, dweight, dlogits, x_, weight, /*accumulate_dx=*/false);
  ops::scale_uniform(exact, dx, djittered, stream_of(in, Purpose::router_jitter), in.settings.router.jitter, true);
}

View with_noise(const RouterInput& in, View logits) {
  const double normal = in.settings.router.noise, uniform = in.settings.router.uniform_noise;
  if (!in.pass.training || (normal <= 0 && uniform <= 0)) return logits;
  auto exact = in.exact();
  const View noisy = in.take(logits.shape);
  ops::copy(exact, noisy, logits);
  if (normal > 0) ops::add_normal(exact, noisy, stream_of(in, Purpose::router_noise), normal);
  if (uniform > 0) ops::add_uniform(exact, noisy, stream_of(in, Purpose::router_uniform), uniform);
  return noisy;
}

void move_choices(const RouterInput& in, ConstView scores, View ids) {
  if (!in.pass.training) return;
  auto exact = in.exact();
  const RemedyConfig& remedy = in.settings.remedy;
  if (remedy.random_fraction > 0)
    ops::random_choices(exact, ids, stream_of(in, Purpose::random_routing), remedy.random_fraction, in.shape.experts);
  if (remedy.min_tokens > 0) ops::guarantee_minimum(exact, ids, scores, remedy.min_tokens);
}

std::int64_t capacity_of(const RouterInput& in, int k) {
  const CapacityConfig& capacity = in.settings.capacity;
  const double factor = in.pass.training ? capacity.factor : capacity.eval_factor;
  if (factor <= 0) return 0;
  const double fair = static_cast<double>(in.tokens() * k) / in.shape.experts;
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(fair * factor)));
}

void settle(const RouterInput& in, Decision& d) {
  auto exact = in.exact();
  const std::int64_t experts = in.shape.experts;
  d.counts = in.pass.arena.take(DType::i32, {experts});
  d.mass = in.take({experts});
  ops::count_choices(exact, d.counts, d.mass, d.ids, d.weights);
  d.kept_ids = d.ids;
  const std::int64_t capacity = capacity_of(in, d.choices);
  if (capacity == 0) return;
  d.kept_ids = in.pass.arena.take(DType::i32, d.ids.shape);
  d.kept_counts = in.pass.arena.take(DType::i32, {1, experts});
  ops::limit_capacity(exact, d.kept_ids, d.ids, d.weights, in.shape.experts, capacity,
                      in.settings.capacity.drop == "probability");
  ops::count_groups(exact, d.kept_counts, d.kept_ids);
  d.kept_counts = d.kept_counts.reshaped({experts});
}

void BalanceScope::count(const RouterInput& in, ConstView ids, Decision& d) {
  auto exact = in.exact();
  const std::string& scope = in.settings.balance.scope;
  const std::int64_t groups = scope == "sequence" ? in.pass.batch : 1;
  const bool adds_up = scope == "global_batch" && in.pass.training;
  d.balance_choices = static_cast<int>(ids.dim(1));
  if (groups == 1 && !adds_up && ids.data == d.ids.data) {  // counted already
    d.balance_counts = d.counts.reshaped({1, in.shape.experts});
    return;
  }
  d.balance_counts = in.pass.arena.take(DType::i32, {groups, in.shape.experts});
  ops::count_groups(exact, d.balance_counts, ids);
  if (!adds_up) return;
  one_.resize(static_cast<std::size_t>(in.shape.experts));
  if (in.pass.micro == 0 || step_.size() != one_.size()) step_.assign(one_.size(), 0);
  nn::read(exact, one_, d.balance_counts.reshaped({in.shape.experts}));
  for (std::size_t e = 0; e < step_.size(); ++e) step_[e] += one_[e];
  exact.backend.copy_from_host(d.balance_counts, step_.data());
  d.balance_scale = 1.0 / (in.pass.micro + 1);
}

void add_softmax_losses(const RouterInput& in, const Decision& d, View ds) {
  auto exact = in.exact();
  const double scale = in.pass.loss_scale;
  if (const double c = in.settings.balance.coefficient * scale * d.balance_scale; c > 0)
    ops::balance_loss_backward(exact, ds, d.probabilities, d.balance_counts, d.balance_choices, c);
  if (const double c = in.settings.router.z_coefficient * scale; c > 0)
    ops::z_loss_backward(exact, ds, d.probabilities, d.log_sum_exp, c);
}

ConstView with_importance(const RouterInput& in, const Decision& d, ConstView dweights) {
  const double c = in.settings.balance.importance * in.pass.loss_scale;
  if (c <= 0) return dweights;
  auto exact = in.exact();
  const View slope = in.take_scratch({in.shape.experts}), rows = in.take_scratch({in.tokens(), in.shape.experts});
  const View sum = in.take_scratch(dweights.shape);
  ops::squared_cv_backward(exact, slope, d.mass, c);
  ops::fill(exact, rows, 0.0);
  ops::add_row(exact, rows, slope, 1.0);
  ops::take_forward(exact, sum, rows, d.ids);
  ops::add_scaled(exact, sum, dweights, 1.0);
  return sum;
}

View probabilities_of_weights(const RouterInput& in, const Decision& d) {
  auto exact = in.exact();
  const View p = in.take({in.tokens(), in.shape.experts});
  ops::fill(exact, p, 0.0);
  ops::take_backward(exact, p, d.weights, d.ids);
  return p;
}

void write_scaled(ops::Context& ctx, View y, ConstView x, double factor) {
  ops::fill(ctx, y, 0.0);
  ops::add_scaled(ctx, y, x, factor);
}

std::vector<std::string> common_settings(std::vector<std::string> more) {
  std::vector<std::string> all = {"router.policy",     "capacity.factor",        "capacity.eval_factor",
                                  "capacity.drop",     "remedy.random_fraction", "remedy.min_tokens",
                                  "remedy.idle_share", "remedy.revive_after"};
  all.insert(all.begin(), more.begin(), more.end());
  return all;
}

}  // namespace moe::routing
