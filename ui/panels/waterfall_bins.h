// SPDX-License-Identifier: GPL-3.0-or-later
// Loads of one layer added up into rows of 2ⁿ steps anchored at step 1, so that rows never shimmer as the run grows.
#pragma once
#include <cstdint>
#include <vector>

#include "ui/charts/history_cursor.h"

namespace moe::ui {

class WaterfallBins {
 public:
  /// Throws away what was added up when the layer changes or more rows are asked for than before.
  void setup(int layer, int maxRows);
  /// Reads new reports. Returns the first row whose sums changed (0 after a rebuild), or rows() if none did.
  int update(const RunHistory& history);
  void invalidate() { cursor_.invalidate(); }

  int rows() const { return experts_ == 0 ? 0 : static_cast<int>(totals_.size()); }
  int experts() const { return experts_; }  // of the newest step
  std::int64_t stepsPerRow() const { return width_; }
  /// Row r covers steps r·stepsPerRow + 1 … (r + 1)·stepsPerRow.
  int rowOf(std::int64_t step) const { return static_cast<int>((step - 1) / width_); }
  /// Mean load over the row against the fair share; NaN where no step was recorded or the expert did not exist yet.
  double ratio(int row, int expert) const;
  bool recorded(int row) const { return totals_[static_cast<std::size_t>(row)] > 0; }
  /// Standard deviation of that ratio under uniform routing.
  double noise(int row) const;
  /// Less than a hundredth of the fair share.
  bool silent(int row, int expert) const;

 private:
  void halve();
  void add(std::size_t row, const std::vector<std::int64_t>& load);
  int layer_ = -1, maxRows_ = 0, experts_ = 0;
  std::int64_t width_ = 1;
  // Load times the experts of the step, and the step's assignments while the expert existed: their quotient is the
  // ratio.
  std::vector<std::int64_t> sums_, bases_;  // rows × experts
  std::vector<std::int64_t> totals_;        // rows: assignments
  HistoryCursor cursor_;
};

}  // namespace moe::ui
