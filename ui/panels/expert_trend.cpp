// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_trend.h"

#include <QCoreApplication>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace moe::ui {
namespace {

/// Share times experts, step by step: the fair share changes when experts are added or removed.
struct Sum {
  double mine = 0, all = 0, assignments = 0;
  void add(const protocol::LayerReport& layer, int expert, bool byMass) {
    const auto e = static_cast<std::size_t>(expert);
    const double n = static_cast<double>(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}));
    const auto experts = static_cast<double>(layer.load.size());
    if (byMass) {
      if (e >= layer.mass.size()) return;
      mine += layer.mass[e] * experts;
      all += std::accumulate(layer.mass.begin(), layer.mass.end(), 0.0);
    } else {
      mine += static_cast<double>(layer.load[e]) * experts;
      all += n;
    }
    assignments += n;
  }
  double ratio() const { return mine / all; }
};

const protocol::LayerReport* layerOf(const StepRecord& report, const ExpertRef& ref) {
  const auto l = static_cast<std::size_t>(ref.layer);
  if (ref.layer < 0 || ref.expert < 0 || l >= report.layers.size()) return nullptr;
  return static_cast<std::size_t>(ref.expert) < report.layers[l].load.size() ? &report.layers[l] : nullptr;
}

}  // namespace

Trend expertTrend(const RunHistory& history, const ExpertRef& ref, bool byMass) {
  const auto& steps = history.steps();
  const qsizetype last = history.indexOf(history.viewStep());
  const qsizetype half = std::min<qsizetype>(std::clamp<qsizetype>((last + 1) / 10, 50, 500), (last + 1) / 2);
  if (half < 2) return Trend::unknown;
  Sum older, newer;
  int experts = 0;
  for (qsizetype i = last - 2 * half + 1; i <= last; ++i) {
    const auto* layer = layerOf(steps[static_cast<std::size_t>(i)], ref);
    if (layer == nullptr) return Trend::unknown;
    experts = static_cast<int>(layer->load.size());
    (i <= last - half ? older : newer).add(*layer, ref.expert, byMass);
  }
  if (older.all <= 0 || newer.all <= 0) return Trend::unknown;
  const double before = older.ratio(), after = newer.ratio();
  const double sd = std::sqrt(experts / older.assignments + experts / newer.assignments);
  const double least = std::max(2 * sd, 0.05 * std::max(1.0, before));
  if (std::abs(after - before) <= least) return Trend::steady;
  return after > before ? Trend::rising : Trend::falling;
}

QString trendWord(Trend trend) {
  switch (trend) {
    case Trend::rising:
      return QCoreApplication::translate("ExpertTrend", "rising");
    case Trend::falling:
      return QCoreApplication::translate("ExpertTrend", "falling");
    case Trend::steady:
      return QCoreApplication::translate("ExpertTrend", "steady");
    default:
      return {};
  }
}

std::vector<SharePoint> shareSeries(const RunHistory& history, const ExpertRef& ref, int points) {
  std::vector<SharePoint> out;
  const auto& steps = history.steps();
  const qsizetype last = history.indexOf(history.viewStep());
  if (last < 0 || points < 1) return out;
  const qint64 first = steps.front().step;
  const qint64 width = std::max<qint64>(1, (history.viewStep() - first + points) / points);
  Sum sum;
  double stepSum = 0;
  int count = 0;
  qint64 bin = 0;
  const auto finish = [&] {
    if (count > 0 && sum.all > 0) out.push_back({stepSum / count, sum.ratio()});
    sum = {};
    stepSum = 0;
    count = 0;
  };
  for (qsizetype i = 0; i <= last; ++i) {
    const auto& report = steps[static_cast<std::size_t>(i)];
    const auto* layer = layerOf(report, ref);
    if (layer == nullptr) continue;
    if ((report.step - first) / width != bin) {
      finish();
      bin = (report.step - first) / width;
    }
    sum.add(*layer, ref.expert, false);
    stepSum += static_cast<double>(report.step);
    ++count;
  }
  finish();
  return out;
}

}  // namespace moe::ui
