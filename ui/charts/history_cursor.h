// SPDX-License-Identifier: GPL-3.0-or-later
// Reads a run's reports once each: pictures that add up steps only look at what is new.
#pragma once
#include "ui/bridge/run_history.h"

namespace moe::ui {

class HistoryCursor {
 public:
  /// Index of the first report not read yet. 0 with `restart` true when earlier reports changed (thinned, merged from
  /// the store, another run): what was added up must then be thrown away.
  std::size_t begin(const RunHistory& history, bool& restart) {
    const auto& steps = history.steps();
    const bool same =
        read_ > 0 && read_ <= steps.size() && steps[read_ - 1].step == last_ && steps.front().step == first_;
    restart = !same;
    if (restart) read_ = 0;
    return read_;
  }
  /// Everything up to now has been read.
  void finish(const RunHistory& history) {
    const auto& steps = history.steps();
    read_ = steps.size();
    if (read_ == 0) return;
    first_ = steps.front().step;
    last_ = steps.back().step;
  }
  void invalidate() { read_ = 0; }

 private:
  std::size_t read_ = 0;
  qint64 first_ = 0, last_ = 0;
};

}  // namespace moe::ui
