// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace moe::ui {
namespace {
constexpr std::size_t kMostBroken = 1000;
}

void ChartSeries::setSmoothing(const Smoothing& smoothing) {
  if (smoothing == smoothing_) return;
  smoothing_ = smoothing;
  ema_ = Ema(smoothing);
  cursor_.invalidate();
}

void ChartSeries::setMostBins(int bins) {
  const bool again = raw_.setMostBins(bins), smoothAgain = smooth_.setMostBins(bins);
  if (again || smoothAgain) cursor_.invalidate();
}

void ChartSeries::restart() {
  ema_.reset();
  raw_.clear();
  smooth_.clear();
  records_.clear();
  broken_.clear();
}

void ChartSeries::update(const RunHistory& history) {
  bool again = false;
  std::size_t i = cursor_.begin(history, again);
  if (again) restart();
  const auto& steps = history.steps();
  for (; i < steps.size(); ++i) {
    const double value = figure_(steps[i]);
    const std::int64_t step = steps[i].step;
    const double smooth = ema_.add(step, value);
    raw_.add(step, value);
    smooth_.add(step, smooth);
    if (!std::isfinite(value)) {
      if (broken_.size() < kMostBroken) broken_.push_back(step);
      continue;
    }
    if (records_.empty() || (lowerIsBetter_ ? smooth < records_.back().second : smooth > records_.back().second))
      records_.emplace_back(step, smooth);
  }
  cursor_.finish(history);
}

double ChartSeries::valueAt(const RunHistory& history, std::int64_t step) const {
  const qsizetype last = history.indexOf(step);
  if (last < 0) return std::numeric_limits<double>::quiet_NaN();
  // Twenty half-lives back the weight is below one in a million.
  const qsizetype first = std::max<qsizetype>(0, last - 20 * std::max<qsizetype>(std::llround(smoothing_.halfLife), 1));
  Ema ema(smoothing_);
  double value = std::numeric_limits<double>::quiet_NaN();
  for (qsizetype i = first; i <= last; ++i) {
    const auto& report = history.steps()[static_cast<std::size_t>(i)];
    value = ema.add(report.step, figure_(report));
  }
  return value;
}

std::pair<std::int64_t, double> ChartSeries::bestUpTo(std::int64_t step) const {
  const auto after = std::upper_bound(records_.begin(), records_.end(), step,
                                      [](std::int64_t s, const auto& record) { return s < record.first; });
  return after == records_.begin() ? std::pair<std::int64_t, double>{0, 0} : *std::prev(after);
}

}  // namespace moe::ui
