// SPDX-License-Identifier: Apache-2.0
// Points on their way through the model.
#include "engine/train/plane_tracing.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "engine/core/error.h"
#include "engine/nn/host.h"
#include "engine/train/plane_task.h"
#include "engine/train/trainer_impl.h"

namespace moe::train {

std::vector<float> floats(ops::Context& ctx, ConstView v) {
  std::vector<float> out(static_cast<std::size_t>(v.size()));
  if (v.dtype == DType::f32) {
    ctx.backend.copy_to_host(out.data(), v);
    return out;
  }
  std::vector<double> wide(out.size());
  nn::read(ctx, wide, v);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(wide[i]);
  return out;
}

const routing::MoeLayer* layer_of(const Model& model, int moe_layer) {
  const auto& layers = model.moe_layers();
  if (layers.empty()) return nullptr;
  if (moe_layer < 0 || moe_layer >= static_cast<int>(layers.size()))
    throw Error(ErrorKind::usage, "there is no MoE layer " + std::to_string(moe_layer + 1), "layer",
                "1 to " + std::to_string(layers.size()) + ", counted from 0 in the protocol", "Ask for one of these");
  return layers[static_cast<std::size_t>(moe_layer)];
}

namespace {

/// Where a policy ranks nothing, the greatest weight comes first and none (−1) last.
void rank(PointTrace& trace) {
  const auto k = static_cast<std::size_t>(trace.top_k);
  std::vector<std::pair<float, std::int32_t>> row(k);
  for (std::size_t begin = 0; begin < trace.experts_of.size(); begin += k) {
    for (std::size_t i = 0; i < k; ++i) row[i] = {trace.weights[begin + i], trace.experts_of[begin + i]};
    std::stable_sort(row.begin(), row.end(), [](const auto& a, const auto& b) {
      return (a.second < 0) != (b.second < 0) ? b.second < 0 : a.first > b.first;
    });
    for (std::size_t i = 0; i < k; ++i) std::tie(trace.weights[begin + i], trace.experts_of[begin + i]) = row[i];
  }
}

void read_routing(nn::Pass& pass, const routing::MoeLayer& layer, PointTrace& out) {
  const routing::Decision& decision = layer.decision();
  out.layer = layer.layer();
  out.experts = layer.experts();
  out.top_k = decision.choices;
  if (decision.logits) out.logits = floats(pass.ctx, decision.logits);
  out.probabilities = floats(pass.ctx, decision.probabilities);
  out.weights = floats(pass.ctx, decision.weights);
  out.experts_of.resize(static_cast<std::size_t>(decision.kept_ids.size()));
  nn::read(pass.ctx, out.experts_of, decision.kept_ids);
  if (!decision.ranked) rank(out);
}

/// What each expert would add, and what is left of the output without those that were asked.
void read_answers(nn::Pass& pass, const Model& model, const routing::MoeLayer& layer, PointTrace& out) {
  for (int e = 0; e < out.experts; ++e) {
    const auto one = floats(pass.ctx, model.points()->head(pass, layer.answer(pass, e)));
    out.answers.insert(out.answers.end(), one.begin(), one.end());
  }
  out.base = out.output;
  const auto outputs = static_cast<std::size_t>(out.outputs), top_k = static_cast<std::size_t>(out.top_k);
  for (std::size_t i = 0; i < out.experts_of.size(); ++i) {
    if (out.experts_of[i] < 0) continue;
    const std::size_t point = i / top_k;
    const std::size_t answer =
        (static_cast<std::size_t>(out.experts_of[i]) * static_cast<std::size_t>(out.points) + point) * outputs;
    for (std::size_t c = 0; c < outputs; ++c) out.base[point * outputs + c] -= out.weights[i] * out.answers[answer + c];
  }
}

}  // namespace

PointTrace Trainer::trace_points(std::span<const float> xy, int moe_layer, bool with_answers) const {
  Impl& self = *impl_;
  data::plane_of(self.data, "Following points");
  const routing::MoeLayer* layer = layer_of(*self.model, moe_layer);
  PointTrace out;
  out.points = static_cast<int>(xy.size() / 2);
  out.outputs = self.model->points()->outputs();
  nn::Pass pass = begin_points(self, xy);
  out.output = floats(self.ctx, self.model->forward(pass));
  if (!layer) return out;
  read_routing(pass, *layer, out);
  if (with_answers) read_answers(pass, *self.model, *layer, out);
  return out;
}

BatchTrace Trainer::trace_batch(int moe_layer) const {
  Impl& self = *impl_;
  data::plane_of(self.data, "Taking a step apart");
  layer_of(*self.model, moe_layer);
  auto& task = static_cast<PlaneTask&>(*self.task);  // the data are the plane's, so the task is too
  nn::Pass pass = task.begin(static_cast<std::uint64_t>(self.step), 0);
  pass.training = true;
  pass.step = static_cast<std::uint64_t>(self.step);
  BatchTrace out;
  out.xy = task.batch().xy;
  out.labels = task.batch().labels;
  out.values = task.batch().values;
  PointTrace& trace = out.trace;
  trace.points = static_cast<int>(out.xy.size() / 2);
  trace.outputs = self.model->points()->outputs();
  trace.output = floats(self.ctx, self.model->forward(pass));
  if (layer_of(*self.model, moe_layer)) {
    routing::MoeLayer& layer = *self.model->moe_layers()[static_cast<std::size_t>(moe_layer)];
    read_routing(pass, layer, trace);
    read_answers(pass, *self.model, layer, trace);
    const routing::Decision& decision = layer.decision();
    if (decision.noisy && decision.noisy.data != decision.logits.data) out.scores = floats(self.ctx, decision.noisy);
    const auto experts = static_cast<std::size_t>(trace.experts);
    routing::ExpertTally tally{std::vector<std::int64_t>(experts), std::vector<std::int64_t>(experts),
                               std::vector<double>(experts), false};
    const routing::LayerStatistics statistics = layer.collect(pass, tally);
    out.counts = tally.counts;
    out.balance_loss = statistics.balance_loss;
    out.z_loss = statistics.z_loss;
  }
  self.read_loss(pass, task.targets(out.labels, out.values), /*with_gradient=*/false);
  out.loss.assign(self.host_loss.begin(), self.host_loss.end());
  return out;
}

}  // namespace moe::train
