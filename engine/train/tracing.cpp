// SPDX-License-Identifier: Apache-2.0
// Every token's way through the model.
#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/nn/host.h"
#include "engine/train/text_task.h"
#include "engine/train/trainer_impl.h"

namespace moe::train {
namespace {

constexpr int kPredictions = 3;

/// Appends a view's numbers to a vector of floats.
void append(ops::Context& ctx, std::vector<float>& out, ConstView v) {
  std::vector<double> wide(static_cast<std::size_t>(v.size()));
  nn::read(ctx, wide, v);
  out.reserve(out.size() + wide.size());
  for (const double x : wide) out.push_back(static_cast<float>(x));
}

void append_ids(ops::Context& ctx, std::vector<std::int32_t>& out, ConstView v) {
  const std::size_t at = out.size();
  out.resize(at + static_cast<std::size_t>(v.size()));
  nn::read(ctx, std::span(out).subspan(at), v);
}

/// The most probable next ids of each position with their softmax probabilities.
void predict(nn::Pass& pass, ConstView logits, RoutingTrace& trace) {
  const std::int64_t t = logits.dim(0);
  View ids = pass.arena.take(DType::i32, {t, kPredictions});
  View best = pass.take({t, kPredictions}), lse = pass.take({t});
  ops::top_k(pass.ctx, ids, logits, kPredictions);
  ops::take_forward(pass.ctx, best, logits, ids);
  ops::log_sum_exp(pass.ctx, lse, logits);
  std::vector<double> scores(static_cast<std::size_t>(best.size())), norms(static_cast<std::size_t>(t));
  nn::read(pass.ctx, scores, best);
  nn::read(pass.ctx, norms, lse);
  append_ids(pass.ctx, trace.predicted, ids);
  for (std::size_t i = 0; i < scores.size(); ++i)
    trace.predicted_share.push_back(static_cast<float>(std::exp(scores[i] - norms[i / kPredictions])));
}

}  // namespace

RoutingTrace Trainer::trace(std::span<const std::int32_t> tokens, bool with_logits) const {
  Impl& self = *impl_;
  data::text_of(self.data, "Following tokens");
  if (tokens.empty() || tokens.size() > static_cast<std::size_t>(self.config.model.context))
    throw Error(ErrorKind::usage, "cannot follow " + std::to_string(tokens.size()) + " tokens at once", "tokens",
                "1 to " + std::to_string(self.config.model.context) + ", the model's context",
                "Give the text in pieces of at most the context.");
  RoutingTrace trace;
  trace.tokens = static_cast<int>(tokens.size());
  nn::Pass pass = begin_text(self, tokens, 1, trace.tokens);
  const View logits = self.model->forward(pass);
  for (const auto* layer : self.model->moe_layers()) {
    const routing::Decision& decision = layer->decision();
    trace.layer_index.push_back(layer->layer());
    trace.experts = layer->experts();
    trace.top_k = decision.choices;
    append_ids(self.ctx, trace.experts_of, decision.kept_ids);
    append(self.ctx, trace.weights, decision.weights);
    append(self.ctx, trace.probabilities, decision.probabilities);
  }
  trace.layers = static_cast<int>(trace.layer_index.size());
  predict(pass, logits, trace);
  if (with_logits) append(self.ctx, trace.logits, logits);

  std::vector<std::int32_t> targets(tokens.begin() + 1, tokens.end());
  targets.push_back(-1);
  self.read_loss(pass, self.to_device(targets), /*with_gradient=*/false);
  for (const double x : self.host_loss) trace.loss.push_back(static_cast<float>(x));
  trace.loss.back() = std::numeric_limits<float>::quiet_NaN();
  return trace;
}

}  // namespace moe::train
