// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_picture.h"

#include <algorithm>
#include <cmath>

#include "engine/moe/router.h"
#include "engine/train/plane_tracing.h"

namespace moe::train {
namespace {

constexpr int kRowsAtOnce = 4096;          // points of one pass: its activations stay in the cache
constexpr std::size_t kMostShared = 2000;  // training points that the shares are measured on
constexpr std::size_t kMostScored = 2000;  // held-out points that scores are measured on
constexpr int kMostFlipGrid = 64;          // cells on a side of the noise: each is asked once a draw

/// Cell centres of rows [begin, end) of a grid of n, row 0 at the top.
void cells(int n, int begin, int end, std::vector<float>& xy) {
  xy.clear();
  for (int row = begin; row < end; ++row)
    for (int column = 0; column < n; ++column) {
      xy.push_back(static_cast<float>((2 * column + 1)) / static_cast<float>(n) - 1);
      xy.push_back(1 - static_cast<float>((2 * row + 1)) / static_cast<float>(n));
    }
}

std::uint8_t byte_of(float share) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(share, 0.0f, 1.0f) * 255.0f));
}

/// The largest of n numbers and the second's place among them.
struct Two {
  int first = 0, second = -1;
};
Two largest(const float* x, int n) {
  Two two;
  for (int i = 1; i < n; ++i) {
    if (x[i] > x[two.first]) {
      two.second = two.first;
      two.first = i;
    } else if (two.second < 0 || x[i] > x[two.second]) {
      two.second = i;
    }
  }
  return two;
}

/// Softmax of logits: the most probable class, its probability and how far it is ahead.
struct Verdict {
  std::uint8_t winner, confidence, margin;
};
Verdict verdict(const float* logits, int n) {
  const Two two = largest(logits, n);
  float sum = 0;
  for (int i = 0; i < n; ++i) sum += std::exp(logits[i] - logits[two.first]);
  const float best = 1 / sum, next = two.second < 0 ? 0 : std::exp(logits[two.second] - logits[two.first]) / sum;
  return {static_cast<std::uint8_t>(two.first), byte_of(best), byte_of(best - next)};
}

/// First choice of the router and how far it is ahead, from its probabilities.
void add_owner(const PointTrace& trace, std::size_t point, protocol::PlanePicture& out) {
  const float* p = trace.probabilities.data() + point * static_cast<std::size_t>(trace.experts);
  const Two two = largest(p, trace.experts);
  const std::int32_t first = trace.experts_of[point * static_cast<std::size_t>(trace.top_k)];
  out.owner.push_back(first < 0 ? 255 : static_cast<std::uint8_t>(std::min(first, 254)));
  out.gate.push_back(byte_of(p[two.first] - (two.second < 0 ? 0.0f : p[two.second])));
}

void paint_grid(const Trainer& trainer, const PictureRequest& request, protocol::PlanePicture& out) {
  std::vector<float> xy;
  const int step = std::max(1, kRowsAtOnce / request.grid);
  for (int row = 0; row < request.grid; row += step) {
    cells(request.grid, row, std::min(request.grid, row + step), xy);
    const PointTrace trace = trainer.trace_points(xy, request.moe_layer, false);
    out.layer = trace.layer;
    out.experts = trace.experts;
    out.top_k = trace.top_k;
    for (std::size_t i = 0; i < static_cast<std::size_t>(trace.points); ++i) {
      if (out.classes == 0) {
        out.value.push_back(trace.output[i]);
      } else {
        const Verdict v = verdict(trace.output.data() + i * static_cast<std::size_t>(trace.outputs), trace.outputs);
        out.winner.push_back(v.winner);
        out.confidence.push_back(v.confidence);
        out.margin.push_back(v.margin);
      }
      if (trace.experts > 0) add_owner(trace, i, out);
    }
  }
}

void paint_thumbs(const Trainer& trainer, const PictureRequest& request, protocol::PlanePicture& out) {
  out.thumb = request.thumb;
  std::vector<float> xy, alone;
  cells(request.thumb, 0, request.thumb, xy);
  const PointTrace trace = trainer.trace_points(xy, request.moe_layer, true);
  const auto points = static_cast<std::size_t>(trace.points), outputs = static_cast<std::size_t>(trace.outputs);
  for (std::size_t e = 0; e < static_cast<std::size_t>(trace.experts); ++e)
    for (std::size_t i = 0; i < points; ++i) {
      out.expert_gate.push_back(byte_of(trace.probabilities[i * static_cast<std::size_t>(trace.experts) + e]));
      alone.assign(trace.base.begin() + static_cast<std::ptrdiff_t>(i * outputs),
                   trace.base.begin() + static_cast<std::ptrdiff_t>((i + 1) * outputs));
      for (std::size_t c = 0; c < outputs; ++c) alone[c] += trace.answers[(e * points + i) * outputs + c];
      if (out.classes == 0) {
        out.expert_value.push_back(alone[0]);
        continue;
      }
      const Verdict v = verdict(alone.data(), trace.outputs);
      out.expert_winner.push_back(v.winner);
      out.expert_confidence.push_back(v.confidence);
    }
}

void add_shares(const Trainer& trainer, const data::PlaneData& data, const PictureRequest& request,
                protocol::PlanePicture& out) {
  out.area.assign(static_cast<std::size_t>(out.experts), 0.0);
  out.points = out.area;
  for (const std::uint8_t owner : out.owner)
    if (owner < out.area.size()) out.area[owner] += 1.0 / static_cast<double>(out.owner.size());
  const auto& xy = data.train().xy;
  const std::size_t n = std::min(data.train().size(), kMostShared);
  const PointTrace trace = trainer.trace_points(std::span(xy).first(2 * n), request.moe_layer, false);
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t first = trace.experts_of[i * static_cast<std::size_t>(trace.top_k)];
    if (first >= 0) out.points[static_cast<std::size_t>(first)] += 1.0 / static_cast<double>(n);
  }
}

/// Counts, for each point, the draws whose first choice is another one, and the most frequent of those.
struct Flips {
  std::vector<int> count;          // [points]
  std::vector<std::int32_t> most;  // [points] −1: none
};
Flips draw_flips(const Trainer& trainer, const std::vector<float>& xy, int moe_layer, int experts, int draws) {
  const std::vector<std::int32_t> clean = trainer.first_choices(xy, moe_layer, -1);
  Flips out{std::vector<int>(clean.size()), std::vector<std::int32_t>(clean.size(), -1)};
  std::vector<int> tally(clean.size() * static_cast<std::size_t>(experts));
  for (int draw = 0; draw < draws && !clean.empty(); ++draw) {
    const std::vector<std::int32_t> noisy = trainer.first_choices(xy, moe_layer, draw);
    for (std::size_t i = 0; i < clean.size(); ++i)
      if (noisy[i] != clean[i]) ++tally[i * static_cast<std::size_t>(experts) + static_cast<std::size_t>(noisy[i])];
  }
  for (std::size_t i = 0; i < clean.size(); ++i) {
    const auto begin = tally.begin() + static_cast<std::ptrdiff_t>(i * static_cast<std::size_t>(experts));
    const auto most = std::max_element(begin, begin + experts);
    for (auto it = begin; it != begin + experts; ++it) out.count[i] += *it;
    if (*most > 0) out.most[i] = static_cast<std::int32_t>(most - begin);
  }
  return out;
}

/// Whether training adds noise to this router at all.
bool has_noise(const Config& config) {
  const routing::RouterInfo& policy = routing::find_router(config.router.policy).info;
  const auto on = [&](const char* key, bool set) { return set && policy.reads(key); };
  return on("router.noise", config.router.noise > 0) || on("router.uniform_noise", config.router.uniform_noise > 0) ||
         on("router.jitter", config.router.jitter > 0) || on("router.learned_noise", config.router.learned_noise) ||
         policy.fixed_noise;
}

void add_flips(const Trainer& trainer, const PictureRequest& request, protocol::PlanePicture& out) {
  const int n = std::clamp(request.grid / 2, 8, kMostFlipGrid);
  std::vector<float> xy;
  const int step = std::max(1, kRowsAtOnce / n);
  for (int row = 0; row < n; row += step) {
    cells(n, row, std::min(n, row + step), xy);
    const Flips flips = draw_flips(trainer, xy, request.moe_layer, out.experts, request.draws);
    if (flips.count.empty()) return;  // the policy has no scores
    for (std::size_t i = 0; i < flips.count.size(); ++i) {
      out.flips.push_back(byte_of(static_cast<float>(flips.count[i]) / static_cast<float>(request.draws)));
      out.flip_to.push_back(flips.most[i] < 0 ? 255 : static_cast<std::uint8_t>(std::min(flips.most[i], 254)));
    }
  }
  out.flip_grid = n;
  out.flip_draws = request.draws;
}

void add_scores(const Trainer& trainer, const data::PlaneData& data, const PictureRequest& request,
                protocol::PlanePicture& out) {
  const std::size_t n = data.held_out().size(), stride = stride_of(n, kMostScored);
  out.scored = static_cast<int>((n + stride - 1) / stride);
  out.score = trainer.held_out_score(request.moe_layer, -1, kMostScored);
  for (int e = 0; e < out.experts; ++e)
    out.without.push_back(trainer.held_out_score(request.moe_layer, e, kMostScored));
}

}  // namespace

protocol::PlanePicture paint(const Trainer& trainer, const data::PlaneData& data, const PictureRequest& request) {
  protocol::PlanePicture out;
  out.step = trainer.step_count();
  out.classes = data.classes();
  out.grid = request.grid;
  paint_grid(trainer, request, out);
  if (out.experts == 0) return out;
  if (request.thumb > 0) paint_thumbs(trainer, request, out);
  add_shares(trainer, data, request, out);
  if (request.draws > 0 && has_noise(trainer.config())) add_flips(trainer, request, out);
  if (request.scores) add_scores(trainer, data, request, out);
  return out;
}

protocol::PlaneProbe probe_point(const Trainer& trainer, const data::PlaneData& data, float x, float y, int moe_layer,
                                 int draws) {
  const float xy[] = {x, y};
  PointTrace trace = trainer.trace_points(xy, moe_layer, true);
  protocol::PlaneProbe out;
  out.step = trainer.step_count();
  out.x = static_cast<double>(x);
  out.y = static_cast<double>(y);
  out.layer = trace.layer;
  out.experts = trace.experts;
  out.top_k = trace.top_k;
  out.classes = data.classes();
  if (draws > 0 && out.experts > 0 && has_noise(trainer.config())) {
    const Flips flips = draw_flips(trainer, {x, y}, moe_layer, out.experts, draws);
    if (!flips.count.empty()) out.flips = flips.count[0], out.flip_draws = draws;
  }
  if (out.classes > 0) {
    const int winner = largest(trace.output.data(), trace.outputs).first;
    float sum = 0;
    for (const float logit : trace.output) {
      out.class_probabilities.push_back(std::exp(logit - trace.output[static_cast<std::size_t>(winner)]));
      sum += out.class_probabilities.back();
    }
    for (float& p : out.class_probabilities) p /= sum;
    out.winner = winner;
  }
  out.logits = std::move(trace.logits);
  out.probabilities = std::move(trace.probabilities);
  out.chosen = std::move(trace.experts_of);
  out.weights = std::move(trace.weights);
  out.answers = std::move(trace.answers);
  out.base = trace.base.empty() ? trace.output : std::move(trace.base);
  out.output = std::move(trace.output);
  return out;
}

protocol::PlanePoints points_of(const data::PlaneData& data, const std::string& set) {
  protocol::PlanePoints out;
  out.set = set;
  out.classes = data.classes();
  out.class_names = data.domains();
  const auto fill = [](const data::PointSet& from, protocol::PlanePoints::Sample& to) {
    to.xy = from.xy;
    to.label.assign(from.labels.begin(), from.labels.end());
    to.value = from.values;
  };
  fill(data.train(), out.train);
  fill(data.held_out(), out.held_out);
  const data::CanvasMap& map = data.canvas();
  out.centre_x = map.centre_x;
  out.centre_y = map.centre_y;
  out.scale_x = map.scale_x;
  out.scale_y = map.scale_y;
  out.value_centre = map.value_centre;
  out.value_scale = map.value_scale;
  if (!out.train.value.empty()) {
    const auto [low, high] = std::minmax_element(out.train.value.begin(), out.train.value.end());
    out.value_low = static_cast<double>(*low);
    out.value_high = static_cast<double>(*high);
  }
  return out;
}

}  // namespace moe::train
