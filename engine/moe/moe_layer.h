// SPDX-License-Identifier: Apache-2.0
// A Mixture-of-Experts feed-forward: route → dispatch → grouped experts → combine, plus shared experts that every token
// passes, added without a gate (DeepSeekMoE, 2401.06066).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "engine/moe/grouped_experts.h"
#include "engine/moe/router.h"
#include "engine/moe/token_dispatcher.h"

namespace moe::routing {

/// What one forward pass decided, as host values.
struct LayerStatistics {
  double balance_loss = 0, z_loss = 0;  // without coefficient
  double token_entropy = 0;             // nats, mean over tokens
};

class MoeLayer final : public nn::FeedForward {
 public:
  /// `config` must outlive the layer: its router and balance groups are read in every pass. `prefix` is
  /// "model.layers.N.block_sparse_moe.".
  MoeLayer(nn::ParameterSet& parameters, const Config& config, int layer, const std::string& prefix);

  View forward(nn::Pass& pass, ConstView x) override;
  View backward(nn::Pass& pass, ConstView dy) override;

  int layer() const { return shape_.layer; }
  int experts() const { return shape_.experts; }
  /// Of the last forward; valid until the arena's reset.
  const Decision& decision() const { return decision_; }
  const ops::Plan& plan() const { return dispatcher_.plan(); }
  /// y[T,D] of every row of the last forward's input by one expert, whatever was routed.
  View answer(nn::Pass& pass, int expert) const { return experts_.answer(pass, x_, expert); }
  /// Of the last forward. Adds the assignments to counts[E] and the combine weights to mass[E].
  LayerStatistics collect(nn::Pass& pass, std::span<std::int64_t> counts, std::span<double> mass);
  void after_step(std::span<const std::int64_t> counts) { router_->after_step(counts); }
  /// Throws Error(usage) when the policy is unknown or needs tensors that this model was not built with.
  void check_policy(const std::string& policy) const;
  /// Changes the policy between steps; tensors of the same name are shared.
  void set_policy(const std::string& policy);

 private:
  RouterInput input(nn::Pass& pass) const { return {pass, x_, shape_, {config_.router, config_.balance}}; }
  RouterParameters bind(const RouterEntry& entry) const;

  nn::ParameterSet& parameters_;
  const Config& config_;
  RouterShape shape_;
  std::vector<std::pair<RouterParameter, nn::ParameterId>> router_parameters_;
  std::unique_ptr<Router> router_;
  GroupedExperts experts_;
  std::unique_ptr<nn::DenseFeedForward> shared_;
  TokenDispatcher dispatcher_;
  Decision decision_;
  ConstView x_;
  View y_sorted_;
  std::vector<std::int32_t> host_counts_;
  std::vector<double> host_mass_;
};

}  // namespace moe::routing
