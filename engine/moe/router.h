// SPDX-License-Identifier: Apache-2.0
// A router decides which experts see which tokens. One file per policy in routers/, written with ops:: only, and one
// line in CMakeLists.txt. Words: logits → scores → weights → plan.
//
// The interface carries the whole family: token choice (top-k, noisy, Switch, GShard, hash, Sinkhorn, sigmoid with a
// loss-free bias) and expert choice, where ids has up to E choices per token and −1 for the rest.
#pragma once
#include <cstdint>
#include <functional>
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
  std::string name;     // value of router.policy: "softmax_top_k"
  std::string label;    // "Softmax top-k"
  std::string help;     // one sentence
  std::string source;   // paper
  bool causal = true;   // a token's experts do not depend on later tokens
  int fixed_top_k = 0;  // experts a token visits; 0: router.top_k
  /// Every token of a sequence takes part in every other one's answer: impossible where the next token is predicted.
  bool mixes_tokens = false;
  /// Keys of the routing, balance, capacity and remedy knobs that it reads; a form dims the others.
  std::vector<std::string> settings;
  bool fixed_noise = false;  // training adds noise that no knob turns off
  bool reads(const std::string& key) const;
};

/// A tensor the policy needs, named relative to the layer's "block_sparse_moe.".
struct RouterParameter {
  nn::ParameterKind kind = nn::ParameterKind::matrix;
  nn::Part part;
};

/// What a policy's tensors and tables depend on.
struct RouterShape {
  int layer = 0;
  int width = 0;       // D
  int experts = 0;     // E
  int vocabulary = 0;  // V
  double init_std = 0.02;
  std::uint64_t seed = 0;
  int slots_each = 1;  // of each expert in a soft mixture
  /// How often each of the V tokens occurs in the training data, relatively; asked for by balanced hashing alone.
  std::function<std::vector<double>()> token_frequency;
};

/// Live settings; they may change between steps.
struct RouterSettings {
  const RouterConfig& router;
  const BalanceConfig& balance;
  const CapacityConfig& capacity;
  const RemedyConfig& remedy;
  explicit RouterSettings(const Config& c)
      : router(c.router), balance(c.balance), capacity(c.capacity), remedy(c.remedy) {}
};

struct RouterInput {
  nn::Pass& pass;  // token_ids, training, seed, step, arena, losses' scale
  ConstView x;     // [T,D]
  const RouterShape& shape;
  RouterSettings settings;
  /// An array of routing dtype that lives until the arena's reset.
  View take(const Shape& s) const { return pass.arena.take(dtype(), s); }
  View take_scratch(const Shape& s) const { return pass.scratch.take(dtype(), s); }
  DType dtype() const { return x.dtype == DType::f64 ? DType::f64 : DType::f32; }
  std::int64_t tokens() const { return x.dim(0); }
  /// Routing is computed in the routing dtype, whatever the precision of the experts.
  ops::Context exact() const { return {pass.ctx.backend, MatmulPrecision::native}; }
};

/// Everything decided for one micro-batch in one layer. Views live in the pass's arena; routing dtype (float32, or
/// float64 with float64 activations).
struct Decision {
  int choices = 0;                    // K columns of ids
  std::int64_t most_assignments = 0;  // bound on the assignments; 0: T·K
  View logits;                        // [T,E] without noise; empty when the policy has none
  View noisy;                         // [T,E] the logits with this step's noise; empty when none can be added
  View scores;                        // [T,E] what chose: in most policies those; empty when nothing did
  View probabilities;                 // [T,E] full softmax of the logits (sigmoid: scores divided by their sum)
  View ids;                           // [T,K] int32 as chosen, before any drop; −1 = none
  bool ranked = true;                 // columns of ids are in the order of choice; false: column e is expert e
  View kept_ids;                      // [T,K] after drops; the same view when nothing can drop
  View weights;                       // [T,K] combine weights
  View counts;                        // [E] int32 assignments before drops
  View kept_counts;                   // [E] int32 after drops; empty when nothing can drop
  View mass;                          // [E] sum of combine weights
  View log_sum_exp;                   // [T] of the logits; empty when the policy has no z-loss
  // The balance loss: f from balance_counts[E] or [G,E] of balance_choices choices a token, times balance_scale.
  View balance_counts;  // empty when the policy has no balance loss
  int balance_choices = 1;
  double balance_scale = 1;
  // A soft mixture (M slots): every expert takes part in every token, ids are all experts and weights their shares.
  View dispatch, combine;  // [T,M], see ops/soft.h; empty otherwise
  View importance;         // [E] what the importance loss evens out; empty: the mass
  View load;               // [E] smooth load; empty when the policy has none
};

class Router {
 public:
  virtual ~Router() = default;
  /// Fills the decision. Noise and random choices only when pass.training.
  virtual void forward(const RouterInput& in, Decision& decision) = 0;
  /// dweights[T,K]: gradient of the task loss (0 where dropped). Adds to dx[T,D] and to the policy's parameter
  /// gradients, the auxiliary losses' gradients included.
  virtual void backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) = 0;
  /// Of a soft mixture instead of backward: the gradients of dispatch and combine.
  virtual void soft_backward(const RouterInput& in, const Decision& decision, ConstView ddispatch, ConstView dcombine,
                             View dx) {
    static_cast<void>(in), static_cast<void>(decision), static_cast<void>(ddispatch), static_cast<void>(dcombine),
        static_cast<void>(dx);
  }
  /// Once per optimizer step with the step's assignments of all micro-batches; never in evaluation.
  virtual void after_step(ops::Context& ctx, const RouterSettings& settings, std::span<const std::int64_t> counts) {
    static_cast<void>(ctx), static_cast<void>(settings), static_cast<void>(counts);
  }
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
/// Throws Error(usage) when the policy of these settings is unknown or cannot work in their model.
void check_policy(const Config& config);

}  // namespace moe::routing
