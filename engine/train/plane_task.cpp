// SPDX-License-Identifier: Apache-2.0
#include "engine/train/plane_task.h"

#include <algorithm>
#include <cmath>

#include "engine/nn/host.h"
#include "engine/train/text_task.h"

namespace moe::train {
namespace {

constexpr std::size_t kEvalPoints = 1024;  // in one pass, so that held-out points stay in the cache

/// The cell of each point in a square grid of at most `most` cells over [−1, 1]²: what a router that hashes token ids
/// sees of it.
void cells_of(std::span<const float> xy, int most, std::vector<std::int32_t>& cells) {
  const int side = std::max(1, static_cast<int>(std::sqrt(static_cast<double>(most))));
  const auto along = [side](float x) {
    return std::clamp(static_cast<int>((x + 1) / 2 * static_cast<float>(side)), 0, side - 1);
  };
  cells.resize(xy.size() / 2);
  for (std::size_t i = 0; i < cells.size(); ++i)
    cells[i] = static_cast<std::int32_t>(along(xy[2 * i + 1]) * side + along(xy[2 * i]));
}

}  // namespace

std::unique_ptr<Task> make_task(Workbench& bench, const data::TaskData& data) {
  if (is_plane(bench.config)) return std::make_unique<PlaneTask>(bench, data::plane_of(data, "data.task = plane"));
  return std::make_unique<TextTask>(bench, data::text_of(data, "data.task = text"));
}

nn::Pass begin_points(Workbench& bench, std::span<const float> xy) {
  const std::size_t n = xy.size() / 2;
  thread_local std::vector<float> features;
  thread_local std::vector<std::int32_t> cells;
  features.resize(n * nn::PointNetwork::kFeatures);
  for (std::size_t i = 0; i < n; ++i) {
    features[3 * i] = xy[2 * i];
    features[3 * i + 1] = xy[2 * i + 1];
    features[3 * i + 2] = 1;
  }
  nn::Pass pass = bench.begin(static_cast<int>(n), 1);
  pass.points = bench.to_device(features, {static_cast<std::int64_t>(n), nn::PointNetwork::kFeatures});
  cells_of(xy, bench.config.model.vocabulary, cells);
  pass.token_ids = bench.to_device(cells);
  return pass;
}

nn::Pass PlaneTask::begin(std::uint64_t step, int micro) {
  if (micro == 0) score_ = {};  // an attempt that failed counts for nothing
  data_.batch(bench_.config.seed, step, micro, bench_.config.train.batch, batch_);
  return begin_points(bench_, batch_.xy);
}

View PlaneTask::targets(std::span<const std::int32_t> labels, std::span<const float> values) {
  if (data_.classes() > 0) return bench_.to_device(labels);
  return bench_.to_device(values, {static_cast<std::int64_t>(values.size()), 1});
}

void PlaneTask::read_loss(nn::Pass& pass, View output) {
  count(pass, output, batch_.labels, score_);
  bench_.read_loss(pass, targets(batch_.labels, batch_.values), /*with_gradient=*/true);
  count_values(batch_.values, score_);
}

double PlaneTask::Score::accuracy() const {
  return points > 0 ? static_cast<double>(right) / static_cast<double>(points) : kAbsent;
}

double PlaneTask::Score::r2() const {
  const double n = static_cast<double>(points);
  const double variation = squares - sum * sum / n;
  return points > 0 && variation > 0 ? 1 - error / variation : kAbsent;
}

// Before the loss, which overwrites the output.
void PlaneTask::count(nn::Pass& pass, View output, std::span<const std::int32_t> labels, Score& score) {
  score.points += output.dim(0);
  if (data_.classes() == 0) return;
  View best = pass.arena.take(DType::i32, {output.dim(0), 1});
  ops::top_k(pass.ctx, best, output, 1);
  best_.resize(labels.size());
  nn::read(pass.ctx, best_, best);
  for (std::size_t i = 0; i < labels.size(); ++i) score.right += best_[i] == labels[i];
}

// After the loss: each is a squared error.
void PlaneTask::count_values(std::span<const float> values, Score& score) const {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double target = static_cast<double>(values[i]);
    score.error += bench_.host_loss[i];
    score.sum += target;
    score.squares += target * target;
  }
}

void PlaneTask::score(StepReport& report) {
  (data_.classes() > 0 ? report.accuracy : report.r2) = data_.classes() > 0 ? score_.accuracy() : score_.r2();
}

EvalReport PlaneTask::evaluate(int) {
  const data::PointSet& held = data_.held_out();
  const auto domains = data_.domains().size();
  std::vector<double> sums(domains);
  std::vector<std::int64_t> counts(domains);
  double total = 0;
  Score score;
  for (std::size_t begin = 0; begin < held.size(); begin += kEvalPoints) {
    const std::size_t n = std::min(kEvalPoints, held.size() - begin);
    const auto labels = std::span(held.labels).subspan(held.has_classes() ? begin : 0, held.has_classes() ? n : 0);
    const auto values = std::span(held.values).subspan(held.has_classes() ? 0 : begin, held.has_classes() ? 0 : n);
    nn::Pass pass = begin_points(bench_, std::span(held.xy).subspan(2 * begin, 2 * n));
    const View output = bench_.model->forward(pass);
    count(pass, output, labels, score);
    bench_.read_loss(pass, targets(labels, values), /*with_gradient=*/false);
    count_values(values, score);
    for (std::size_t i = 0; i < n; ++i) {
      total += bench_.host_loss[i];
      if (labels.empty()) continue;
      sums[static_cast<std::size_t>(labels[i])] += bench_.host_loss[i];
      ++counts[static_cast<std::size_t>(labels[i])];
    }
  }
  EvalReport report;
  report.tokens = static_cast<std::int64_t>(held.size());
  report.loss = report.tokens > 0 ? total / static_cast<double>(report.tokens) : kAbsent;
  for (std::size_t d = 0; d < domains; ++d)
    report.domain_loss.push_back(counts[d] > 0 ? sums[d] / static_cast<double>(counts[d]) : kAbsent);
  (data_.classes() > 0 ? report.accuracy : report.r2) = data_.classes() > 0 ? score.accuracy() : score.r2();
  return report;
}

}  // namespace moe::train
