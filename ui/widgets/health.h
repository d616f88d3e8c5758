// SPDX-License-Identifier: GPL-3.0-or-later
// The figures of the health line and its one sentence, computed from loads alone.
#pragma once
#include <optional>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

namespace moe::ui {

struct Health {
  bool measured = false;
  int dead = 0;                                      // see isStarved(); all layers
  int window = 0;                                    // steps that the figures cover
  bool enough = false;                               // the window is long enough to call an expert dead
  double loadCv = 0, maxViolation = 0, entropy = 0;  // mean, largest, mean over layers
  double balanceLoss = 0;                            // mean over layers, ÷ coefficient
  double dropped = 0;                                // share of all choices; NaN when nothing can drop
  double least = 0, most = 0;                        // of all experts' loads, times their fair share
  QString sentence;                                  // empty: nothing needs attention
  std::optional<ExpertRef> show;                     // what the sentence speaks of
  std::vector<ExpertRef> deadExperts;
};

/// Over the last 20 steps up to the view, or as many more (up to 500) as it takes until an expert without a token can
/// be called dead; only steps with as many experts as now.
Health measureHealth(const RunHistory& history);

/// An expert with `count` of the assignments where the fair share is `fair` of them is dead when, with 99.9 %
/// confidence (Poisson upper bound of the count), its share is under 5 % of the fair share.
bool isStarved(std::int64_t count, double fair);

}  // namespace moe::ui
