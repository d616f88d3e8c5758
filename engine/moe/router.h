// SPDX-License-Identifier: Apache-2.0
// A router decides which experts see which tokens. One file per policy in routers/, written with ops:: only, and one
// line in CMakeLists.txt. Words: logits → scores → weights → plan.
//
// The interface carries the whole family: token choice (top-k, noisy, Switch, GShard, hash, Sinkhorn, sigmoid with a
// loss-free bias) and expert choice, where ids has up to E choices per token and −1 for the rest.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/config.h"
#include "engine/nn/parameters.h"
#include "engine/nn/pass.h"

namespace moe::routing {

/// What people and forms need to know about a policy.
struct RouterInfo {
  std::string name;              // value of router.policy: "softmax_top_k"
  std::string label;             // "Softmax top-k"
  std::string help;              // one sentence
  std::string source;            // paper
  bool causal = true;            // a token's experts do not depend on later tokens
  bool uses_top_k = true;        // reads router.top_k
  bool has_balance_loss = true;  // reads balance.coefficient
};

/// A tensor the policy needs, named relative to the layer's "block_sparse_moe.".
struct RouterParameter {
  nn::ParameterKind kind = nn::ParameterKind::matrix;
  nn::Part part;
};

/// Sizes that parameters depend on.
struct RouterShape {
  int layer = 0;
  int width = 0;       // D
  int experts = 0;     // E
  int vocabulary = 0;  // V
  double init_std = 0.02;
};

/// Live settings; they may change between steps.
struct RouterSettings {
  const RouterConfig& router;
  const BalanceConfig& balance;
};

struct RouterInput {
  nn::Pass& pass;  // token_ids, training, seed, step, arena, losses' scale
  ConstView x;     // [T,D]
  const RouterShape& shape;
  RouterSettings settings;
};

/// Everything decided for one micro-batch in one layer. Views live in the pass's arena; routing dtype (float32, or
/// float64 with float64 activations).
struct Decision {
  int choices = 0;     // K columns of ids
  View logits;         // [T,E] without noise
  View scores;         // [T,E] what chose: the logits with this step's noise; empty when the policy keeps none
  View probabilities;  // [T,E] full softmax of the logits (sigmoid routers: scores divided by their sum)
  View ids;            // [T,K] int32 as chosen, before any drop; −1 = none
  View kept_ids;       // [T,K] after drops; the same view when nothing can drop
  View weights;        // [T,K] combine weights
  View counts;         // [E] int32 assignments before drops
  View mass;           // [E] sum of combine weights
  View log_sum_exp;    // [T] of the logits; empty when the policy has no logits
  View saved;          // [T,E] whatever the policy's backward needs besides; may be empty
};

class Router {
 public:
  virtual ~Router() = default;
  /// Fills the decision. Noise and random choices only when pass.training.
  virtual void forward(const RouterInput& in, Decision& decision) = 0;
  /// dweights[T,K]: gradient of the task loss (0 where dropped). Adds to dx[T,D] and to the policy's parameter
  /// gradients, the auxiliary losses' gradients included.
  virtual void backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) = 0;
  /// Once per optimizer step with the step's assignments of all micro-batches; never in evaluation.
  virtual void after_step(std::span<const std::int64_t> counts) { static_cast<void>(counts); }
};

/// Parameters of a router inside the model's set, in the order of RouterEntry::parameters.
struct RouterParameters {
  nn::ParameterSet& set;
  std::vector<nn::ParameterId> ids;
  View value(std::size_t i) const { return set.value(ids[i]); }
  View gradient(std::size_t i) const { return set.gradient(ids[i]); }
};

/// What a policy's file provides. Policies that share a tensor ("gate.weight") must give it the same shape.
struct RouterEntry {
  RouterInfo info;
  std::vector<RouterParameter> (*parameters)(const RouterShape&);
  std::unique_ptr<Router> (*make)(RouterParameters);
};

/// All policies, in the order of the CMake list.
const std::vector<RouterEntry>& routers();
/// Throws Error(usage) naming the known ones.
const RouterEntry& find_router(const std::string& name);

}  // namespace moe::routing
