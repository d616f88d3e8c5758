// SPDX-License-Identifier: GPL-3.0-or-later
// One figure per step of a run, read incrementally: raw and smoothed bins, and its best values.
#pragma once
#include <functional>

#include "ui/charts/history_cursor.h"
#include "ui/charts/smoothing.h"

namespace moe::ui {

using StepFigure = std::function<double(const StepRecord&)>;

class ChartSeries {
 public:
  explicit ChartSeries(StepFigure figure, bool lowerIsBetter = true)
      : figure_(std::move(figure)), lowerIsBetter_(lowerIsBetter) {}
  void setSmoothing(const Smoothing& smoothing);
  void setMostBins(int bins);
  void update(const RunHistory& history);
  void invalidate() { cursor_.invalidate(); }

  std::vector<QPointF> raw() const { return raw_.points(); }
  std::vector<QPointF> smooth() const { return smooth_.points(); }
  std::int64_t stepsPerBin() const { return raw_.stepsPerBin(); }
  /// Smoothed value at the newest step ≤ `step`; NaN without one.
  double valueAt(const RunHistory& history, std::int64_t step) const;
  /// Best smoothed value up to `step`: (step, value), or step 0.
  std::pair<std::int64_t, double> bestUpTo(std::int64_t step) const;
  /// Steps whose value was not finite although the figure is reported elsewhere.
  const std::vector<std::int64_t>& brokenSteps() const { return broken_; }
  const StepFigure& figure() const { return figure_; }

 private:
  void restart();
  StepFigure figure_;
  bool lowerIsBetter_;
  Smoothing smoothing_{10};
  Ema ema_{smoothing_};
  MinMaxBins raw_, smooth_;
  std::vector<std::pair<std::int64_t, double>> records_;  // each better than the one before
  std::vector<std::int64_t> broken_;
  HistoryCursor cursor_;
};

}  // namespace moe::ui
