// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_stages.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/data/plane/plane_data.h"

namespace moe::train {
namespace {

constexpr std::size_t kMostShown = 512;

/// Which of the groups a parameter belongs to: the router and the experts of the layer, or the rest.
std::pair<std::string, int> group_of(const std::string& name, int layer) {
  const std::string block = "model.layers." + std::to_string(layer) + ".block_sparse_moe.";
  if (name.compare(0, block.size(), block) != 0) return {"other", -1};
  const std::string rest = name.substr(block.size());
  if (rest.compare(0, 8, "experts.") == 0) return {"expert", std::stoi(rest.substr(8))};
  return {rest.compare(0, 15, "shared_experts.") == 0 ? "other" : "router", -1};
}

std::vector<double> values_of(const NamedTensor& tensor) {
  std::size_t n = 1;
  for (const auto dim : tensor.shape) n *= static_cast<std::size_t>(dim);
  if (tensor.is_f64) {
    const auto* data = static_cast<const double*>(tensor.data);
    return {data, data + n};
  }
  const auto* data = static_cast<const float*>(tensor.data);
  return {data, data + n};
}

using Snapshot = std::vector<std::vector<double>>;

Snapshot snapshot(const Trainer& trainer) {
  Snapshot all;
  for (const NamedTensor& tensor : trainer.parameters()) all.push_back(values_of(tensor));
  return all;
}

std::vector<protocol::PlaneStages::Update> updates(const Trainer& trainer, const Snapshot& before, int layer) {
  std::map<std::pair<std::string, int>, std::pair<double, double>> squares;
  const auto tensors = trainer.parameters();
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    auto& [norm, change] = squares[group_of(tensors[i].name, layer)];
    const std::vector<double> after = values_of(tensors[i]);
    for (std::size_t j = 0; j < after.size(); ++j) {
      norm += before[i][j] * before[i][j];
      change += (after[j] - before[i][j]) * (after[j] - before[i][j]);
    }
  }
  std::vector<protocol::PlaneStages::Update> out;
  out.reserve(squares.size());
  for (const auto& [group, sums] : squares)
    out.push_back({group.first, group.second, std::sqrt(sums.first), std::sqrt(sums.second)});
  return out;
}

template <class T>
std::vector<T> first_rows(const std::vector<T>& all, std::size_t rows, int width) {
  const auto n = std::min(all.size(), rows * static_cast<std::size_t>(width));
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n)};
}

/// The answers of the chosen experts, [rows, top_k, outputs], of those of all, [experts, points, outputs].
std::vector<float> chosen_answers(const PointTrace& trace, std::size_t rows) {
  const auto outputs = static_cast<std::size_t>(trace.outputs);
  std::vector<float> out;
  for (std::size_t i = 0; i < rows * static_cast<std::size_t>(trace.top_k); ++i) {
    const std::int32_t e = trace.experts_of[i];
    const std::size_t point = i / static_cast<std::size_t>(trace.top_k);
    for (std::size_t c = 0; c < outputs; ++c)
      out.push_back(
          e < 0
              ? 0.0f
              : trace.answers[(static_cast<std::size_t>(e) * static_cast<std::size_t>(trace.points) + point) * outputs +
                              c]);
  }
  return out;
}

protocol::PlaneStages shown_part(const BatchTrace& batch) {
  const PointTrace& trace = batch.trace;
  const auto rows = std::min(static_cast<std::size_t>(trace.points), kMostShown);
  protocol::PlaneStages out;
  out.layer = trace.layer;
  out.experts = trace.experts;
  out.top_k = trace.top_k;
  out.batch = trace.points;
  out.shown = static_cast<int>(rows);
  out.xy = first_rows(batch.xy, rows, 2);
  const auto labels = first_rows(batch.labels, rows, 1);
  out.label.assign(labels.begin(), labels.end());
  out.value = first_rows(batch.values, rows, 1);
  out.logits = first_rows(trace.logits, rows, trace.experts);
  for (std::size_t i = 0; i < out.logits.size() && !batch.scores.empty(); ++i)
    out.noise.push_back(batch.scores[i] - trace.logits[i]);
  if (std::all_of(out.noise.begin(), out.noise.end(), [](float n) { return n == 0; })) out.noise.clear();
  out.probabilities = first_rows(trace.probabilities, rows, trace.experts);
  out.chosen = first_rows(trace.experts_of, rows, trace.top_k);
  out.weights = first_rows(trace.weights, rows, trace.top_k);
  out.counts = batch.counts;
  if (trace.experts > 0) out.answers = chosen_answers(trace, rows);
  out.base = first_rows(trace.base, rows, trace.outputs);
  out.output = first_rows(trace.output, rows, trace.outputs);
  out.loss = first_rows(batch.loss, rows, 1);
  double sum = 0;
  for (const float loss : batch.loss) sum += static_cast<double>(loss);
  out.task_loss = sum / static_cast<double>(batch.loss.size());
  out.balance_loss = batch.balance_loss;
  out.z_loss = batch.z_loss;
  return out;
}

}  // namespace

protocol::PlaneStages take_apart(Run& run, int moe_layer) {
  run.apply_due_edits();  // those of this step act on the forward pass that is followed
  protocol::PlaneStages out = shown_part(run.trainer().trace_batch(moe_layer));
  const Config& config = run.trainer().config();
  out.classes = run.data().plane()->classes();
  out.only = config.train.only;
  out.balance_coefficient = config.balance.coefficient;
  out.z_coefficient = config.router.z_coefficient;
  const Snapshot before = snapshot(run.trainer());
  run.step();
  out.updates = updates(run.trainer(), before, out.layer);
  out.report = run.last_report();
  out.step = out.report.step;
  out.grad_norm = out.report.grad_norm;
  out.lr = out.report.lr;
  return out;
}

}  // namespace moe::train
