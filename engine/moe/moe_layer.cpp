// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/moe_layer.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/moe/balance_loss.h"
#include "engine/nn/host.h"
#include "engine/nn/initialisation.h"

namespace moe::routing {
namespace {

std::vector<std::pair<RouterParameter, nn::ParameterId>> register_router(nn::ParameterSet& set,
                                                                         const RouterEntry& entry,
                                                                         const RouterShape& shape,
                                                                         const std::string& prefix) {
  std::vector<std::pair<RouterParameter, nn::ParameterId>> out;
  for (auto& p : entry.parameters(shape)) {
    nn::Part part = p.part;
    part.name = prefix + part.name;
    const nn::ParameterId id = set.add(p.kind, std::move(part));
    out.emplace_back(std::move(p), id);
  }
  return out;
}

// n un-gated shared experts of width F are one feed-forward of width n·F; the name follows DeepSeek's.
std::unique_ptr<nn::DenseFeedForward> make_shared_experts(nn::ParameterSet& set, const ModelConfig& model,
                                                          const std::string& prefix) {
  if (model.shared_experts == 0) return nullptr;
  const nn::DenseFeedForward::Shape shape{model.width, model.shared_experts * model.expert_width,
                                          nn::activation_of(model.activation), model.init_std, nn::residual_std(model)};
  const std::string name = prefix + "shared_experts.";
  return std::make_unique<nn::DenseFeedForward>(
      set, shape, nn::FeedForwardNames{name + "w1.weight", name + "w3.weight", name + "w2.weight"});
}

}  // namespace

MoeLayer::MoeLayer(nn::ParameterSet& parameters, const Config& config, int layer, const std::string& prefix)
    : parameters_(parameters),
      config_(config),
      shape_{layer, config.model.width, config.model.experts, config.model.vocabulary, config.model.init_std},
      router_parameters_(register_router(parameters, find_router(config.router.policy), shape_, prefix)),
      router_(find_router(config.router.policy).make(bind(find_router(config.router.policy)))),
      experts_(parameters, config.model, prefix),
      shared_(make_shared_experts(parameters, config.model, prefix)),
      host_counts_(static_cast<std::size_t>(config.model.experts)),
      host_mass_(static_cast<std::size_t>(config.model.experts)) {}

View MoeLayer::forward(nn::Pass& pass, ConstView x) {
  x_ = x;
  decision_ = {};
  router_->forward(input(pass), decision_);
  const View x_sorted = dispatcher_.dispatch(pass, x, decision_, shape_.experts);
  y_sorted_ = experts_.forward(pass, x_sorted, dispatcher_.plan().offsets);
  View y = shared_ ? shared_->forward(pass, x) : pass.take(x.shape);
  dispatcher_.combine(pass, y, y_sorted_, /*accumulate=*/shared_ != nullptr);
  return y;
}

View MoeLayer::backward(nn::Pass& pass, ConstView dy) {
  const auto [dy_sorted, dweights] = dispatcher_.combine_backward(pass, dy, y_sorted_);
  const View dx_sorted = experts_.backward(pass, dy_sorted, dispatcher_.plan().offsets);
  View dx = shared_ ? shared_->backward(pass, dy) : pass.take_scratch(dy.shape);
  dispatcher_.dispatch_backward(pass, dx, dx_sorted, /*accumulate=*/shared_ != nullptr);
  router_->backward(input(pass), decision_, dweights, dx);
  return dx;
}

LayerStatistics MoeLayer::collect(nn::Pass& pass, std::span<std::int64_t> counts, std::span<double> mass) {
  nn::read(pass.ctx, host_counts_, decision_.counts);
  nn::read(pass.ctx, host_mass_, decision_.mass);
  for (std::size_t e = 0; e < counts.size(); ++e) {
    counts[e] += host_counts_[e];
    mass[e] += host_mass_[e];
  }
  View mean = pass.arena.take(decision_.probabilities.dtype, {shape_.experts});
  ops::column_mean(pass.ctx, mean, decision_.probabilities);
  nn::read(pass.ctx, host_mass_, mean);
  LayerStatistics out;
  out.balance_loss = balance_loss(host_mass_, host_counts_, pass.tokens() * decision_.choices);
  out.z_loss = decision_.log_sum_exp ? z_loss(pass, decision_.log_sum_exp) : 0.0;
  out.token_entropy = ops::mean_entropy(pass.ctx, decision_.probabilities);
  return out;
}

RouterParameters MoeLayer::bind(const RouterEntry& entry) const {
  RouterParameters out{parameters_, {}};
  for (const auto& wanted : entry.parameters(shape_)) {
    const auto found = std::find_if(router_parameters_.begin(), router_parameters_.end(), [&](const auto& have) {
      return have.first.part.name == wanted.part.name && have.first.part.shape == wanted.part.shape;
    });
    if (found == router_parameters_.end())
      throw Error(ErrorKind::usage, "policy '" + entry.info.name + "' needs the tensor '" + wanted.part.name + "'",
                  "router.policy", "this model was built without it", "start a new run with this policy");
    out.ids.push_back(found->second);
  }
  return out;
}

void MoeLayer::check_policy(const std::string& policy) const { bind(find_router(policy)); }

void MoeLayer::set_policy(const std::string& policy) {
  const RouterEntry& entry = find_router(policy);
  router_ = entry.make(bind(entry));
}

}  // namespace moe::routing
