// SPDX-License-Identifier: Apache-2.0
// What is measured on points beside the step: the score without one expert, first choices under the router's noise.
#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/nn/host.h"
#include "engine/train/plane_task.h"
#include "engine/train/plane_tracing.h"
#include "engine/train/trainer_impl.h"

namespace moe::train {
namespace {

constexpr std::size_t kPointsAtOnce = 1024;  // of a pass, so that they stay in the cache
constexpr int kDraws = 0x4000;               // micro-batches from here on are nobody's: their noise is for measuring

/// Sums of a score over passes: right answers, or what R² follows from.
struct Score {
  double points = 0, right = 0, error = 0, sum = 0, squares = 0;
  double of(bool classes) const {
    if (points == 0) return kAbsent;
    if (classes) return right / points;
    const double variation = squares - sum * sum / points;
    return variation > 0 ? 1 - error / variation : kAbsent;
  }
};

void add(const data::PointSet& held, std::size_t at, const float* output, int outputs, Score& score) {
  score.points += 1;
  if (held.has_classes()) {
    score.right += std::max_element(output, output + outputs) - output == held.labels[at] ? 1 : 0;
    return;
  }
  const double value = double(held.values[at]), off = double(output[0]) - value;
  score.error += off * off;
  score.sum += value;
  score.squares += value * value;
}

/// Whether somebody was still sent to the expert that was to be left out.
bool asked(nn::Pass& pass, const routing::MoeLayer& layer, int expert) {
  const routing::Decision& decision = layer.decision();
  std::vector<std::int32_t> ids(static_cast<std::size_t>(decision.kept_ids.size()));
  nn::read(pass.ctx, ids, decision.kept_ids);
  std::vector<double> weights(static_cast<std::size_t>(decision.weights.size()));
  nn::read(pass.ctx, weights, decision.weights);
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (ids[i] == expert && std::abs(weights[i]) > 1e-6) return true;
  return false;
}

}  // namespace

double Trainer::held_out_score(int moe_layer, int without, std::size_t most) const {
  Impl& self = *impl_;
  const data::PointSet& held = data::plane_of(self.data, "Scoring points").held_out();
  const routing::MoeLayer* layer = layer_of(*self.model, moe_layer);
  if (without >= 0 && (!layer || without >= layer->experts()))
    throw Error(ErrorKind::usage, "there is no expert " + std::to_string(without + 1), "without",
                layer ? "1 to " + std::to_string(layer->experts()) : "none", "Ask for one of these");
  const std::size_t stride = stride_of(held.size(), most);
  Score score;
  std::vector<float> xy;
  std::vector<std::size_t> taken;
  for (std::size_t begin = 0; begin < held.size(); begin += kPointsAtOnce * stride) {
    xy.clear(), taken.clear();
    for (std::size_t i = begin; i < std::min(held.size(), begin + kPointsAtOnce * stride); i += stride) {
      xy.insert(xy.end(), {held.xy[2 * i], held.xy[2 * i + 1]});
      taken.push_back(i);
    }
    nn::Pass pass = begin_points(self, xy);
    if (without >= 0) pass.left_out = {layer->layer(), without};
    const std::vector<float> output = floats(self.ctx, self.model->forward(pass));
    if (without >= 0 && asked(pass, *layer, without)) return kAbsent;
    const auto outputs = static_cast<std::size_t>(self.model->points()->outputs());
    for (std::size_t i = 0; i < taken.size(); ++i)
      add(held, taken[i], output.data() + i * outputs, static_cast<int>(outputs), score);
  }
  return score.of(held.has_classes());
}

std::vector<std::int32_t> Trainer::first_choices(std::span<const float> xy, int moe_layer, int draw) const {
  Impl& self = *impl_;
  data::plane_of(self.data, "Following points");
  const routing::MoeLayer* layer = layer_of(*self.model, moe_layer);
  if (!layer) return {};
  nn::Pass pass = begin_points(self, xy);
  pass.training = draw >= 0;
  pass.step = static_cast<std::uint64_t>(self.step);
  pass.micro = draw >= 0 ? kDraws + draw : 0;
  self.model->forward(pass);
  const routing::Decision& decision = layer->decision();
  if (!decision.scores) return {};
  View best = self.arena.take(DType::i32, {decision.scores.dim(0), 1});
  ops::top_k(self.ctx, best, decision.scores, 1);
  std::vector<std::int32_t> out(static_cast<std::size_t>(best.size()));
  nn::read(self.ctx, out, best);
  return out;
}

}  // namespace moe::train
