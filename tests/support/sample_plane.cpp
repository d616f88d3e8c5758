// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_plane.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace moe::test {
namespace {

constexpr int kExperts = 4;

/// Golden-angle spiral: the same points everywhere, evenly spread.
void placeOf(int i, int count, float& x, float& y) {
  const double radius = 0.95 * std::sqrt((i + 0.5) / count), angle = 2.399963229728653 * i;
  x = static_cast<float>(radius * std::cos(angle));
  y = static_cast<float>(radius * std::sin(angle));
}

/// Probability of class A.
double insideShare(double x, double y) { return 1 / (1 + std::exp(14 * (std::hypot(x, y) - kPlaneRadius))); }

std::uint8_t byte(double share) { return static_cast<std::uint8_t>(std::lround(255 * std::clamp(share, 0.0, 1.0))); }

void rank(const std::vector<float>& gate, int& first, int& second) {
  first = 0;
  for (int e = 1; e < kExperts; ++e)
    if (gate[static_cast<std::size_t>(e)] > gate[static_cast<std::size_t>(first)]) first = e;
  second = first == 0 ? 1 : 0;
  for (int e = 0; e < kExperts; ++e)
    if (e != first && gate[static_cast<std::size_t>(e)] > gate[static_cast<std::size_t>(second)]) second = e;
}

}  // namespace

std::vector<float> planeGate(double x, double y, int experts) {
  std::vector<float> gate(static_cast<std::size_t>(experts), 0);
  const double signX[] = {1, -1, -1, 1}, signY[] = {1, 1, -1, -1};
  double sum = 0;
  for (int e = 0; e < std::min(experts, kExperts); ++e) {
    const double score = kPlaneSharpness * (signX[e] * x + signY[e] * y);
    gate[static_cast<std::size_t>(e)] = static_cast<float>(std::exp(score));
    sum += gate[static_cast<std::size_t>(e)];
  }
  for (float& g : gate) g = static_cast<float>(g / sum);
  return gate;
}

protocol::PlanePoints samplePlanePoints(int count, bool regression) {
  protocol::PlanePoints out;
  out.set = regression ? "wave" : "rings";
  out.classes = regression ? 0 : 2;
  if (!regression) out.class_names = {"A", "B"};
  out.value_low = -1;
  out.value_high = 1;
  for (auto* sample : {&out.train, &out.held_out})
    for (int i = 0; i < count; ++i) {
      float x = 0, y = 0;
      placeOf(i, count, x, y);
      sample->xy.push_back(x);
      sample->xy.push_back(y);
      if (regression)
        sample->value.push_back(static_cast<float>(std::sin(3 * x)));
      else
        sample->label.push_back(std::hypot(x, y) < kPlaneRadius ? 0 : 1);
    }
  return out;
}

protocol::PlanePicture samplePlanePicture(std::int64_t step, int grid, int thumb, bool regression) {
  protocol::PlanePicture out;
  out.step = step;
  out.layer = 0;
  out.experts = kExperts;
  out.top_k = 1;
  out.classes = regression ? 0 : 2;
  out.grid = grid;
  out.thumb = thumb;
  const auto place = [](int i, int n) { return -1 + (i + 0.5) * 2 / n; };
  for (int r = 0; r < grid; ++r)
    for (int c = 0; c < grid; ++c) {
      const double x = place(c, grid), y = -place(r, grid);
      const auto gate = planeGate(x, y);
      int first = 0, second = 1;
      rank(gate, first, second);
      out.owner.push_back(static_cast<std::uint8_t>(first));
      out.gate.push_back(byte(gate[static_cast<std::size_t>(first)] - gate[static_cast<std::size_t>(second)]));
      if (regression) {
        out.value.push_back(static_cast<float>(std::sin(3 * x)));
        continue;
      }
      const double inside = insideShare(x, y), most = std::max(inside, 1 - inside);
      out.winner.push_back(inside >= 0.5 ? 0 : 1);
      out.confidence.push_back(byte(most));
      out.margin.push_back(byte(2 * most - 1));
    }
  for (int e = 0; e < kExperts; ++e)
    for (int r = 0; r < thumb; ++r)
      for (int c = 0; c < thumb; ++c) {
        const double x = place(c, thumb), y = -place(r, thumb);
        out.expert_gate.push_back(byte(planeGate(x, y)[static_cast<std::size_t>(e)]));
        if (regression) {
          out.expert_value.push_back(static_cast<float>(std::sin(3 * x)));
          continue;
        }
        const double inside = insideShare(x + 0.1 * e, y);
        out.expert_winner.push_back(inside >= 0.5 ? 0 : 1);
        out.expert_confidence.push_back(byte(std::max(inside, 1 - inside)));
      }
  out.area.assign(kExperts, 0.25);
  out.points = {0.40, 0.30, 0.20, 0.10};
  out.scored = 240;
  out.score = regression ? 0.95 : 0.985;
  out.without = {0.71, 0.78, 0.85, 0.925};
  out.seconds = 0.0015;
  out.share = 0.03;
  out.budget = 0.1;
  out.interval = 0.05;
  return out;
}

void addSampleNoise(protocol::PlanePicture& picture, int draws) {
  const int n = picture.grid / 2;
  picture.flip_grid = n;
  picture.flip_draws = draws;
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) {
      const auto gate = planeGate(-1 + (c + 0.5) * 2 / n, 1 - (r + 0.5) * 2 / n);
      int first = 0, second = 1;
      rank(gate, first, second);
      const double lead = gate[static_cast<std::size_t>(first)] - gate[static_cast<std::size_t>(second)];
      const auto flips = std::lround(draws * 0.5 * std::pow(1 - lead, 3));
      picture.flips.push_back(byte(static_cast<double>(flips) / draws));
      picture.flip_to.push_back(flips > 0 ? static_cast<std::uint8_t>(second) : 255);
    }
}

protocol::PlaneProbe samplePlaneProbe(double x, double y, std::int64_t step, bool regression) {
  protocol::PlaneProbe out;
  out.step = step;
  out.x = x;
  out.y = y;
  out.layer = 0;
  out.experts = kExperts;
  out.top_k = 1;
  out.classes = 2;
  out.probabilities = planeGate(x, y);
  int first = 0, second = 1;
  rank(out.probabilities, first, second);
  for (const float p : out.probabilities) out.logits.push_back(std::log(std::max(p, 1e-30F)));
  out.chosen = {first};
  out.weights = {1.0F};
  if (regression) {
    out.classes = 0;
    for (int e = 0; e < kExperts; ++e) out.answers.push_back(static_cast<float>(std::sin(3 * x) + 0.2 * (e - first)));
    out.base = {0.0F};
    out.output = {static_cast<float>(std::sin(3 * x))};
    return out;
  }
  const double score = 14 * (kPlaneRadius - std::hypot(x, y));
  for (int e = 0; e < kExperts; ++e) {
    out.answers.push_back(static_cast<float>(score / 2 - e));
    out.answers.push_back(static_cast<float>(-score / 2));
  }
  out.base = {static_cast<float>(first), 0.0F};  // so that the sum is the score whoever is asked
  out.output = {static_cast<float>(score / 2), static_cast<float>(-score / 2)};
  const double inside = insideShare(x, y);
  out.class_probabilities = {static_cast<float>(inside), static_cast<float>(1 - inside)};
  out.winner = inside >= 0.5 ? 0 : 1;
  return out;
}

protocol::PlaneStages samplePlaneStages(std::int64_t step, const std::string& only) {
  protocol::PlaneStages out;
  const protocol::PlanePoints points = samplePlanePoints(64);
  out.step = step;
  out.only = only;
  out.layer = 0;
  out.experts = kExperts;
  out.top_k = 1;
  out.classes = 2;
  out.batch = out.shown = 64;
  out.xy = points.train.xy;
  out.label = points.train.label;
  out.counts.assign(kExperts, 0);
  for (int t = 0; t < out.shown; ++t) {
    const auto i = static_cast<std::size_t>(t);
    const protocol::PlaneProbe probe = samplePlaneProbe(out.xy[2 * i], out.xy[2 * i + 1], step);
    for (int e = 0; e < kExperts; ++e) {
      out.logits.push_back(probe.logits[static_cast<std::size_t>(e)]);
      out.noise.push_back(e == t % kExperts ? 0.5F : -0.5F);
      out.probabilities.push_back(probe.probabilities[static_cast<std::size_t>(e)]);
    }
    out.chosen.push_back(probe.chosen[0]);
    out.weights.push_back(1);
    ++out.counts[static_cast<std::size_t>(probe.chosen[0])];
    const auto answer = static_cast<std::size_t>(probe.chosen[0]) * 2;
    out.answers.insert(out.answers.end(), {probe.answers[answer], probe.answers[answer + 1]});
    out.base.insert(out.base.end(), probe.base.begin(), probe.base.end());
    out.output.insert(out.output.end(), probe.output.begin(), probe.output.end());
    out.loss.push_back(-std::log(std::max(1e-6F, probe.class_probabilities[points.train.label[i]])));
  }
  out.task_loss = 0.1;
  out.balance_loss = 1.2;
  out.balance_coefficient = 0.01;
  out.grad_norm = 0.5;
  out.lr = 0.01;
  out.updates = {{"router", -1, 4.0, 0.02}, {"expert", 0, 5.0, 0.01}, {"expert", 1, 5.0, 0.0}};
  out.report = samplePlaneStep(step);
  return out;
}

protocol::StepReport samplePlaneStep(std::int64_t step, bool regression) {
  protocol::StepReport report;
  report.step = step;
  report.loss = 0.7 * std::exp(-static_cast<double>(step) / 120) + 0.01;
  report.accuracy = 1 - 0.5 * std::exp(-static_cast<double>(step) / 60);
  if (regression) report.r2 = std::exchange(report.accuracy, train::kAbsent) * 1.6 - 0.6;
  report.grad_norm = 0.5;
  report.lr = 0.01;
  report.seconds = static_cast<double>(step) * 0.005;
  report.tokens = step * 100;
  report.tokens_per_second = 20'000;
  report.top_k = 1;
  protocol::LayerReport layer;
  layer.load = {40, 30, 20, 10};
  layer.mass = {40, 30, 20, 10};
  layer.load_cv = 0.447;
  layer.max_violation = 0.6;
  layer.entropy = 0.92;
  layer.token_entropy = 0.4;
  layer.balance_loss = 1.2;
  layer.z_loss = 1;
  report.layers = {layer};
  return report;
}

protocol::RunInfo samplePlaneInfo(bool regression) {
  protocol::RunInfo info;
  info.path = "/tmp/fake-plane";
  info.name = "fake-plane";
  info.preset = "plane-spirals";
  info.task = "plane";
  info.horizon = 400;
  info.layers = 1;
  info.experts = kExperts;
  info.top_k = 1;
  info.context = 1;
  info.batch = 100;
  info.moe_layers = {0};
  if (!regression) info.domains = {"A", "B"};
  if (!regression) info.corpus_share = {0.5, 0.5};
  info.data = "A made-up set of 240 points.";
  return info;
}

}  // namespace moe::test
