// SPDX-License-Identifier: GPL-3.0-or-later
// How an expert's share moves, measured over the recorded steps up to the step in view.
#pragma once
#include <QString>
#include <vector>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

namespace moe::ui {

enum class Trend { unknown, falling, steady, rising };

/// Compares the ratio to fair share over the newest tenth of the recorded reports (50 to 500 of them) with as many
/// before. Rising or falling only if the difference exceeds two standard deviations of uniform routing, sqrt(E/N₁ +
/// E/N₂), and a twentieth of the older ratio (or of the fair share, whichever is more): with many tokens any change
/// becomes significant, but not worth a word. Unknown with fewer than two reports in each half.
Trend expertTrend(const RunHistory& history, const ExpertRef& ref, bool byMass = false);

/// "rising", "falling", "steady", or empty.
QString trendWord(Trend trend);

struct SharePoint {
  double step = 0, ratio = 0;
};
/// Ratio to fair share over the whole run up to the step in view, averaged into at most `points` spans of equal width
/// in steps. Spans without a report are left out.
std::vector<SharePoint> shareSeries(const RunHistory& history, const ExpertRef& ref, int points);

}  // namespace moe::ui
