// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/waterfall_bins.h"

#include <algorithm>
#include <cmath>
#include <limits>

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
  for (std::size_t r = 0; r < half; ++r) {
    const std::size_t a = 2 * r, b = a + 1;
    totals_[r] = totals_[a] + (b < rows ? totals_[b] : 0);
    for (std::size_t e = 0; e < experts; ++e)
      sums_[r * experts + e] = sums_[a * experts + e] + (b < rows ? sums_[b * experts + e] : 0);
  }
  totals_.resize(half);
  sums_.resize(half * experts);
  width_ *= 2;
}

int WaterfallBins::update(const RunHistory& history) {
  bool restart = false;
  std::size_t i = cursor_.begin(history, restart);
  const auto& steps = history.steps();
  if (restart) {
    sums_.clear();
    totals_.clear();
    width_ = 1;
    experts_ = 0;
    const auto l = static_cast<std::size_t>(std::max(layer_, 0));
    if (!steps.empty() && l < steps.back().layers.size())
      experts_ = static_cast<int>(steps.back().layers[l].load.size());
    if (!steps.empty())  // the final width at once instead of halving again and again
      while ((steps.back().step - 1) / width_ >= maxRows_) width_ *= 2;
  }
  int first = restart ? 0 : rows();
  if (experts_ > 0) {
    const auto experts = static_cast<std::size_t>(experts_), l = static_cast<std::size_t>(layer_);
    for (; i < steps.size(); ++i) {
      if (l >= steps[i].layers.size() || steps[i].layers[l].load.size() != experts || steps[i].step < 1) continue;
      while ((steps[i].step - 1) / width_ >= maxRows_) {
        halve();
        first = 0;
      }
      const auto row = static_cast<std::size_t>((steps[i].step - 1) / width_);
      if (row >= totals_.size()) {
        totals_.resize(row + 1, 0);
        sums_.resize((row + 1) * experts, 0);
      }
      for (std::size_t e = 0; e < experts; ++e) {
        sums_[row * experts + e] += steps[i].layers[l].load[e];
        totals_[row] += steps[i].layers[l].load[e];
      }
      first = std::min(first, static_cast<int>(row));
    }
  }
  cursor_.finish(history);
  return first;
}

double WaterfallBins::ratio(int row, int expert) const {
  const auto r = static_cast<std::size_t>(row), e = static_cast<std::size_t>(expert);
  if (totals_[r] == 0) return std::numeric_limits<double>::quiet_NaN();
  return static_cast<double>(sums_[r * static_cast<std::size_t>(experts_) + e]) * experts_ /
         static_cast<double>(totals_[r]);
}

double WaterfallBins::noise(int row) const {
  const auto total = static_cast<double>(totals_[static_cast<std::size_t>(row)]);
  return total > 0 ? std::sqrt(experts_ / total) : 0;
}

bool WaterfallBins::silent(int row, int expert) const { return ratio(row, expert) < 0.01; }

}  // namespace moe::ui
