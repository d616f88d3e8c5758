// SPDX-License-Identifier: GPL-3.0-or-later
// The figures of the health line and its one sentence, computed from loads alone.
#pragma once
#include <optional>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

namespace moe::ui {

struct Health {
  bool measured = false;
  int dead = 0;                                      // experts without a token over the window, all layers
  double loadCv = 0, maxViolation = 0, entropy = 0;  // mean, largest, mean over layers
  double balanceLoss = 0;                            // mean over layers, ÷ coefficient
  QString sentence;                                  // empty: nothing needs attention
  std::optional<ExpertRef> show;                     // what the sentence speaks of
};

/// Over at most the last 20 steps up to the view: long enough that a rare expert is not called dead for one batch.
Health measureHealth(const RunHistory& history);

}  // namespace moe::ui
