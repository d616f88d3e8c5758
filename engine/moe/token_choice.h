// SPDX-License-Identifier: Apache-2.0
// What policies have in common: the gate, its noise, remedies between choice and weights, capacity, balance counts.
#pragma once
#include <string>
#include <vector>

#include "engine/moe/router.h"

namespace moe::routing {

/// The numbers of one purpose in this step, layer and micro-batch.
RandomStream stream_of(const RouterInput& in, Purpose purpose);

/// "gate.weight"[E,D], drawn with the model's own spread.
RouterParameter gate_parameter(const RouterShape& shape);

/// Takes the expert that the pass leaves out from rows[T,E·each] of logits: its softmax is 0 and no top-k has it first.
void leave_out(const RouterInput& in, View rows);

/// logits = x·Wgᵀ without the expert that is left out; while training x is jittered first (router.jitter), for the
/// router alone.
class Gate {
 public:
  void forward(const RouterInput& in, ConstView weight, View logits);
  /// The same input through another matrix, after forward().
  void also(const RouterInput& in, ConstView weight, View logits) const;
  /// Adds to dweight and dx.
  void backward(const RouterInput& in, ConstView weight, View dweight, ConstView dlogits, View dx) const;

 private:
  bool jitters(const RouterInput& in) const { return in.pass.training && in.settings.router.jitter > 0; }
  ConstView x_;
};

/// The logits with the fixed Gaussian and the uniform noise of the settings; the same view when there is none.
View with_noise(const RouterInput& in, View logits);

/// Remedies that move choices, training only: random routing of a fraction, then the guaranteed minimum by scores[T,E].
void move_choices(const RouterInput& in, ConstView scores, View ids);

/// Fills counts, mass, kept_ids and kept_counts from ids and weights, with the capacity in force.
void settle(const RouterInput& in, Decision& decision);

/// Places of one expert in force, or 0 when nothing is dropped: ceil(T·k/E·factor).
std::int64_t capacity_of(const RouterInput& in, int k);

/// Counts for the balance loss over what balance.scope says.
class BalanceScope {
 public:
  /// After settle(). ids[T,k] may differ from the decision's (GShard counts first choices, a sigmoid router un-biased
  /// ones).
  void count(const RouterInput& in, ConstView ids, Decision& decision);

 private:
  std::vector<std::int32_t> step_, one_;
};

/// ds[T,E] += gradients of balance and z-loss for a softmax of the logits.
void add_softmax_losses(const RouterInput& in, const Decision& decision, View ds);

/// Gradient of the importance loss for dweights[T,K]: the view itself, or a copy with it added.
ConstView with_importance(const RouterInput& in, const Decision& decision, ConstView dweights);

/// Probabilities of a policy without scores: the weights where the tokens went, 0 elsewhere.
View probabilities_of_weights(const RouterInput& in, const Decision& decision);

/// y = factor·x.
void write_scaled(ops::Context& ctx, View y, ConstView x, double factor);

/// Keys that most policies read.
std::vector<std::string> common_settings(std::vector<std::string> more);

}  // namespace moe::routing
