// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/softmax_router.h"

namespace moe::routing {

void SoftmaxRouter::forward(const RouterInput& in, Decision& out) {
  auto exact = in.exact();
  const std::int64_t tokens = in.tokens(), experts = in.shape.experts;
  out.logits = in.take({tokens, experts});
  out.probabilities = in.take({tokens, experts});
  out.log_sum_exp = in.take({tokens});
  gate_.forward(in, parameters_.value(kGate), out.logits);
  ops::softmax_forward(exact, out.probabilities, out.logits);
  ops::log_sum_exp(exact, out.log_sum_exp, out.logits);

  scores_ = out.scores = out.noisy = scores(in, out.logits);
  probabilities_ = out.probabilities;
  if (scores_.data != out.logits.data) {
    probabilities_ = in.take({tokens, experts});
    ops::softmax_forward(exact, probabilities_, scores_);
  }
  out.choices = choices(in);
  out.ids = in.pass.arena.take(DType::i32, {tokens, out.choices});
  choose(in, scores_, out.ids);
  move_choices(in, scores_, out.ids);

  chosen_ = in.take({tokens, out.choices});
  ops::take_forward(exact, chosen_, probabilities_, out.ids);
  out.weights = chosen_;
  if (renormalises(in, out.choices)) {
    out.weights = in.take(chosen_.shape);
    ops::renormalise_forward(exact, out.weights, chosen_, renormalise_floor());
  }
  weighed_ids_ = out.ids;
  give_up(in, out);
  settle(in, out);
  View counted = out.ids;
  if (balances_first_choices()) {
    counted = in.pass.arena.take(DType::i32, {tokens, 1});
    ops::top_k(exact, counted, out.logits, 1);
  }
  balance_.count(in, counted, out);
  measure(in, scores_, out);
}

void SoftmaxRouter::choose(const RouterInput& in, ConstView scores, View ids) {
  auto exact = in.exact();
  ops::top_k(exact, ids, scores, static_cast<int>(ids.dim(1)));
}

void SoftmaxRouter::backward(const RouterInput& in, const Decision& decision, ConstView dweights, View dx) {
  auto exact = in.exact();
  ConstView dchosen = importance_is_mass() ? with_importance(in, decision, dweights) : dweights;
  if (renormalises(in, decision.choices)) {
    View unnormalised = in.take_scratch(chosen_.shape);
    ops::renormalise_backward(exact, unnormalised, dchosen, chosen_, renormalise_floor());
    dchosen = unnormalised;
  }
  View dp = in.take_scratch(decision.logits.shape), ds = in.take_scratch(decision.logits.shape);
  ops::fill(exact, dp, 0.0);
  ops::take_backward(exact, dp, dchosen, weighed_ids_);
  ops::softmax_backward(exact, ds, dp, probabilities_, /*accumulate=*/false);
  scores_backward(in, decision, ds, dx);
  add_softmax_losses(in, decision, ds);
  gate_.backward(in, parameters_.value(kGate), parameters_.gradient(kGate), ds, dx);
}

}  // namespace moe::routing
