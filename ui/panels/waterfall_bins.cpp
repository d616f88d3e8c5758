// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/waterfall_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace moe::ui {

void WaterfallBins::setup(int layer, int maxRows) {
  maxRows = std::max(maxRows, 2);
  if (layer == layer_ && maxRows == maxRows_) return;
  if (layer != layer_ || maxRows > maxRows_) cursor_.invalidate();
  layer_ = layer;
  maxRows_ = maxRows;
  while (rows() > maxRows_) halve();
}

void WaterfallBins::halve() {
  const auto experts = static_cast<std::size_t>(experts_);
  const std::size_t rows = totals_.size(), half = (rows + 1) / 2;
  const auto pairs = [&](std::vector<std::int64_t>& values, std::size_t width) {
    for (std::size_t r = 0; r < half; ++r)
      for (std::size_t e = 0; e < width; ++e)
        values[r * width + e] =
            values[2 * r * width + e] + (2 * r + 1 < rows ? values[(2 * r + 1) * width + e] : std::int64_t{0});
    values.resize(half * width);
  };
  pairs(totals_, 1);
  pairs(sums_, experts);
  pairs(bases_, experts);
  width_ *= 2;
}

void WaterfallBins::add(std::size_t row, const std::vector<std::int64_t>& load) {
  const auto experts = static_cast<std::size_t>(experts_);
  if (row >= totals_.size()) {
    totals_.resize(row + 1, 0);
    sums_.resize((row + 1) * experts, 0);
    bases_.resize((row + 1) * experts, 0);
  }
  const std::int64_t total = std::accumulate(load.begin(), load.end(), std::int64_t{0});
  totals_[row] += total;
  for (std::size_t e = 0; e < std::min(experts, load.size()); ++e) {
    sums_[row * experts + e] += load[e] * static_cast<std::int64_t>(load.size());
    bases_[row * experts + e] += total;
  }
}

int WaterfallBins::update(const RunHistory& history) {
  const auto& steps = history.steps();
  const auto l = static_cast<std::size_t>(std::max(layer_, 0));
  const int now = steps.empty() ? 0 : expertsOf(steps.back(), l);
  if (now != experts_) cursor_.invalidate();  // the columns are the experts of the newest step
  bool restart = false;
  std::size_t i = cursor_.begin(history, restart);
  if (restart) {
    sums_.clear();
    bases_.clear();
    totals_.clear();
    width_ = 1;
    experts_ = now;
    if (!steps.empty())  // the final width at once instead of halving again and again
      while ((steps.back().step - 1) / width_ >= maxRows_) width_ *= 2;
  }
  int first = restart ? 0 : rows();
  for (; experts_ > 0 && i < steps.size(); ++i) {
    if (l >= steps[i].layers.size() || steps[i].step < 1) continue;
    while ((steps[i].step - 1) / width_ >= maxRows_) {
      halve();
      first = 0;
    }
    const auto row = static_cast<std::size_t>((steps[i].step - 1) / width_);
    add(row, steps[i].layers[l].load);
    first = std::min(first, static_cast<int>(row));
  }
  cursor_.finish(history);
  return first;
}

double WaterfallBins::ratio(int row, int expert) const {
  const std::size_t at =
      static_cast<std::size_t>(row) * static_cast<std::size_t>(experts_) + static_cast<std::size_t>(expert);
  if (bases_[at] == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(sums_[at]) / static_cast<double>(bases_[at]);
}

double WaterfallBins::noise(int row) const {
  const auto total = static_cast<double>(totals_[static_cast<std::size_t>(row)]);
  return total > 0 ? std::sqrt(experts_ / total) : 0;
}

bool WaterfallBins::silent(int row, int expert) const { return ratio(row, expert) < 0.01; }

}  // namespace moe::ui
