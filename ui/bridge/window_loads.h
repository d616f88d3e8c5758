// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <span>

#include "ui/bridge/run_history.h"

namespace moe::ui {

/// Sums loads and masses over `all` steps and recomputes load CV (population sd / mean), MaxVio, entropy (H / ln E) and
/// dead experts from the sums; balance loss, z-loss and token entropy are means over the steps that report them. Only
/// the newest steps that have the same number of experts count: before that an expert was another one, or none.
WindowLoads sumWindow(std::span<const StepRecord> all, qint64 from, qint64 to);

}  // namespace moe::ui
