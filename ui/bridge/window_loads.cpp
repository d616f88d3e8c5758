// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/window_loads.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace moe::ui {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Mean of a figure over the steps where it was measured; NaN when it never was.
struct Mean {
  double sum = 0;
  int count = 0;
  void add(double v) {
    if (!std::isfinite(v)) return;
    sum += v;
    ++count;
  }
  double value() const { return count > 0 ? sum / count : kNaN; }
};

void recompute(protocol::LayerReport& layer) {
  const auto experts = static_cast<double>(layer.load.size());
  const auto total = static_cast<double>(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}));
  layer.dead = static_cast<int>(std::count(layer.load.begin(), layer.load.end(), 0));
  layer.load_cv = layer.max_violation = layer.entropy = kNaN;
  if (total <= 0) return;
  const double mean = total / experts;
  double squares = 0, entropy = 0;
  for (const std::int64_t load : layer.load) {
    squares += (static_cast<double>(load) - mean) * (static_cast<double>(load) - mean);
    const double share = static_cast<double>(load) / total;
    if (share > 0) entropy -= share * std::log(share);
  }
  layer.load_cv = std::sqrt(squares / experts) / mean;
  layer.max_violation = (static_cast<double>(*std::max_element(layer.load.begin(), layer.load.end())) - mean) / mean;
  layer.entropy = experts > 1 ? entropy / std::log(experts) : 1.0;
}

/// The newest steps of one shape: as many experts in every layer as the last one has.
std::span<const StepRecord> sameShape(std::span<const StepRecord> steps) {
  const auto alike = [&](const StepRecord& step) {
    if (step.layers.size() != steps.back().layers.size()) return false;
    for (std::size_t l = 0; l < step.layers.size(); ++l)
      if (expertsOf(step, l) != expertsOf(steps.back(), l)) return false;
    return true;
  };
  std::size_t first = steps.size();
  while (first > 0 && alike(steps[first - 1])) --first;
  return steps.subspan(first);
}

/// Kept assignments of a layer, empty when nothing could drop in any of the steps.
std::vector<std::int64_t> sumKept(std::span<const StepRecord> steps, std::size_t l) {
  const auto drops = [l](const StepRecord& step) { return !step.layers[l].kept.empty(); };
  if (std::none_of(steps.begin(), steps.end(), drops)) return {};
  std::vector<std::int64_t> sum(steps.back().layers[l].load.size(), 0);
  for (const StepRecord& step : steps) {
    const auto& layer = step.layers[l];
    const auto& kept = layer.kept.empty() ? layer.load : layer.kept;  // where nothing could drop all was kept
    for (std::size_t e = 0; e < sum.size(); ++e) sum[e] += kept[e];
  }
  return sum;
}

}  // namespace

WindowLoads sumWindow(std::span<const StepRecord> all, qint64 from, qint64 to) {
  WindowLoads out;
  out.from = from;
  out.to = to;
  if (all.empty()) return out;
  const auto steps = sameShape(all);
  if (steps.size() < all.size()) out.from = std::max<qint64>(from, all[all.size() - steps.size() - 1].step);
  out.steps = static_cast<int>(steps.size());
  out.layers = steps.back().layers;
  for (std::size_t l = 0; l < out.layers.size(); ++l) {
    protocol::LayerReport& sum = out.layers[l];
    std::fill(sum.load.begin(), sum.load.end(), 0);
    std::fill(sum.mass.begin(), sum.mass.end(), 0.0);
    Mean balance, z, tokenEntropy;
    for (const auto& step : steps) {
      const auto& layer = step.layers[l];
      for (std::size_t e = 0; e < sum.load.size(); ++e) sum.load[e] += layer.load[e];
      for (std::size_t e = 0; e < std::min(sum.mass.size(), layer.mass.size()); ++e) sum.mass[e] += layer.mass[e];
      balance.add(layer.balance_loss);
      z.add(layer.z_loss);
      tokenEntropy.add(layer.token_entropy);
    }
    sum.balance_loss = balance.value();
    sum.z_loss = z.value();
    sum.token_entropy = tokenEntropy.value();
    recompute(sum);
    sum.kept = sumKept(steps, l);
  }
  if (!out.layers.empty())
    out.assignmentsPerLayer = std::accumulate(out.layers[0].load.begin(), out.layers[0].load.end(), std::int64_t{0});
  return out;
}

double WindowLoads::ratio(int layer, int expert, bool byMass) const {
  if (layer < 0 || expert < 0 || static_cast<std::size_t>(layer) >= layers.size()) return kNaN;
  const auto& report = layers[static_cast<std::size_t>(layer)];
  const auto e = static_cast<std::size_t>(expert);
  const auto share = [&](const auto& values) {
    if (e >= values.size()) return kNaN;
    double total = 0;
    for (const auto v : values) total += static_cast<double>(v);
    return total > 0 ? static_cast<double>(values[e]) * static_cast<double>(values.size()) / total : kNaN;
  };
  return byMass ? share(report.mass) : share(report.load);
}

double WindowLoads::noise() const {
  if (layers.empty() || assignmentsPerLayer <= 0) return kNaN;
  return std::sqrt(static_cast<double>(layers[0].load.size()) / static_cast<double>(assignmentsPerLayer));
}

double WindowLoads::dropped(int layer, int expert) const {
  const auto l = static_cast<std::size_t>(layer);
  if (layer < 0 || l >= layers.size() || layers[l].kept.empty()) return kNaN;
  std::int64_t all = 0, kept = 0;
  for (std::size_t e = 0; e < layers[l].kept.size(); ++e) {
    if (expert >= 0 && e != static_cast<std::size_t>(expert)) continue;
    all += layers[l].load[e];
    kept += layers[l].kept[e];
  }
  return all > 0 ? 1 - static_cast<double>(kept) / static_cast<double>(all) : kNaN;
}

bool WindowLoads::isDead(int layer, int expert) const {
  if (layer < 0 || expert < 0 || static_cast<std::size_t>(layer) >= layers.size()) return false;
  const auto& load = layers[static_cast<std::size_t>(layer)].load;
  return static_cast<std::size_t>(expert) < load.size() && load[static_cast<std::size_t>(expert)] == 0;
}

bool WindowLoads::anyDead() const {
  return std::any_of(layers.begin(), layers.end(), [](const auto& layer) {
    return std::find(layer.load.begin(), layer.load.end(), 0) != layer.load.end();
  });
}

}  // namespace moe::ui
