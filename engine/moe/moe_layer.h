// SPDX-License-Identifier: Apache-2.0
// A Mixture-of-Experts feed-forward: route → dispatch → grouped experts → combine, plus shared experts that every token
// passes, added without a gate (DeepSeekMoE, 2401.06066).
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/moe/grouped_experts.h"
#include "engine/moe/router.h"
#include "engine/moe/token_dispatcher.h"

namespace moe::routing {

/// What one forward pass decided, as host values; NaN where the policy has no such thing.
struct LayerStatistics {
  double balance_loss = kNone, z_loss = kNone;      // without coefficient
  double importance_cv2 = kNone, load_cv2 = kNone;  // CV² of gate weights and of the smooth load
  double token_entropy = kNone;                     // nats, mean over tokens
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
};

/// What happened to each expert, summed over micro-batches.
struct ExpertTally {
  std::vector<std::int64_t> counts;  // [E] assignments before drops
  std::vector<std::int64_t> kept;    // [E] after drops
  std::vector<double> mass;          // [E] sum of combine weights
  bool can_drop = false;             // a capacity was in force
};

class MoeLayer final : public nn::FeedForward {
 public:
  /// `config` must outlive the layer: its router and balance groups are read in every pass. `prefix` is
  /// "model.layers.N.block_sparse_moe.".
  /// `token_frequency`: see RouterShape. Throws Error(usage) when the policy cannot work in this model.
  MoeLayer(nn::ParameterSet& parameters, const Config& config, int layer, const std::string& prefix,
           std::function<std::vector<double>()> token_frequency = {});

  bool reads_operand() const override { return false; }  // the router needs all bits
  View forward(nn::Pass& pass, ConstView x) override;
  View backward(nn::Pass& pass, ConstView dy) override;

  int layer() const { return shape_.layer; }
  int experts() const { return shape_.experts; }
  /// Of the last forward; valid until the arena's reset.
  const Decision& decision() const { return decision_; }
  const ops::Plan& plan() const { return dispatcher_.plan(); }
  /// y[T,D] of every row of the last forward's input by one expert, whatever was routed.
  View answer(nn::Pass& pass, int expert) const { return experts_.answer(pass, x_, expert); }
  /// The experts without routing, for measurements. Their passes replace what this layer's last forward kept of them.
  GroupedExperts& grouped() { return experts_; }
  nn::FeedForward* shared() { return shared_.get(); }  // null: no shared experts
  /// Of the last forward. Adds to the tally.
  LayerStatistics collect(nn::Pass& pass, ExpertTally& tally);
  /// Begins to bring what collect reads to the host, so that several layers wait for the device once. After forward.
  void ask(nn::Pass& pass);
  /// remedy.idle_share: experts without an assignment in counts[E] of a step receive that share of the mean gradient of
  /// the others. Once per step, after the last micro-batch's backward.
  void share_gradients(ops::Context& ctx, std::span<const std::int64_t> counts);
  void after_step(ops::Context& ctx, std::span<const std::int64_t> counts) {
    router_->after_step(ctx, RouterSettings(config_), counts);
  }
  /// The loss-free bias [E] into `out`, or nothing when the policy has none.
  void read_bias(ops::Context& ctx, std::vector<double>& out) const;
  /// Whether the policy uses exactly the tensors that this layer has. Throws Error(usage) when it is unknown.
  bool has_tensors_of(const std::string& policy) const;
  /// Changes between policies of the same tensors, between steps.
  void set_policy(const std::string& policy);

 private:
  RouterInput input(nn::Pass& pass) const { return {pass, x_, shape_, RouterSettings(config_)}; }
  RouterParameters bind(const RouterEntry& entry) const;
  View forward_soft(nn::Pass& pass, ConstView x);
  View backward_soft(nn::Pass& pass, ConstView dy);

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
  View soft_offsets_, soft_y_;  // of a soft mixture: [E+1], and the experts' answers to its slots
  Buffer shared_gradient_;      // one expert's, for share_gradients
  std::vector<std::int32_t> host_counts_, host_offsets_;
  // What was asked for after the last forward, on its way from the device.
  struct Asked {
    Scalar token_entropy, importance_cv2, balance_loss, squared_lse, load_cv2;
  };
  std::optional<Asked> asked_;
  std::vector<std::int32_t> host_kept_;
  std::vector<std::byte> host_mass_;
};

}  // namespace moe::routing
