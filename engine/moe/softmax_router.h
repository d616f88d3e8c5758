// SPDX-License-Identifier: Apache-2.0
// Token choice by a softmax gate, with the steps in which the policies of that family differ left open.
#pragma once
#include "engine/moe/token_choice.h"

namespace moe::routing {

/// s = x·Wgᵀ; scores = s + noise choose k experts; a chosen expert's weight is its probability under the softmax of the
/// scores over all experts, divided by the chosen ones' sum when renormalised. At k = 1 that quotient would be 1 and
/// the router would learn nothing, so the weight stays the probability (Switch, 2101.03961).
///
/// The task gradient goes through the noisy softmax, as the choice was really made. The balance loss's P and the z-loss
/// use the softmax of s without noise (V-MoE, 2106.05974, does too): they shape the router, not the draw of one step.
/// The balance loss's f counts the decisions made.
class SoftmaxRouter : public Router {
 public:
  explicit SoftmaxRouter(RouterParameters parameters) : parameters_(std::move(parameters)) {}
  void forward(const RouterInput& in, Decision& out) final;
  void backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) final;

 protected:
  enum : std::size_t { kGate };  // Wg[E,D], the first parameter of each of these policies

  virtual int choices(const RouterInput& in) const { return in.settings.router.top_k; }
  virtual bool renormalises(const RouterInput& in, int k) const { return in.settings.router.renormalise && k > 1; }
  /// Added to the sum of the chosen probabilities before dividing.
  virtual double renormalise_floor() const { return 0.0; }
  /// What chooses and weighs: the logits themselves when there is no noise.
  virtual View scores(const RouterInput& in, View logits) { return with_noise(in, logits); }
  /// ds[T,E] is the gradient of the scores on entry and of the logits on return.
  virtual void scores_backward(const RouterInput& in, const Decision& decision, View ds, View dx) {
    static_cast<void>(in), static_cast<void>(decision), static_cast<void>(ds), static_cast<void>(dx);
  }
  virtual void choose(const RouterInput& in, ConstView scores, View ids);
  /// After the weights are known: choices that are given up become −1, weights stay.
  virtual void give_up(const RouterInput& in, Decision& decision) {
    static_cast<void>(in), static_cast<void>(decision);
  }
  /// Whether f of the balance loss counts first choices alone.
  virtual bool balances_first_choices() const { return false; }
  /// Fills importance and load where the policy has its own.
  virtual void measure(const RouterInput& in, ConstView scores, Decision& decision) {
    static_cast<void>(in), static_cast<void>(scores), static_cast<void>(decision);
  }
  /// Importance over the gate weights; a policy that measures its own adds its gradient in scores_backward.
  virtual bool importance_is_mass() const { return true; }

  RouterParameters parameters_;
  Gate gate_;
  View scores_;  // [T,E]

 private:
  View chosen_;         // [T,K] probabilities of the chosen experts, before renormalising
  View weighed_ids_;    // [T,K] ids that the weights belong to
  View probabilities_;  // [T,E] softmax of the scores
  BalanceScope balance_;
};

}  // namespace moe::routing
