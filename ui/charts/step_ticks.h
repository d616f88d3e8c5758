// SPDX-License-Identifier: GPL-3.0-or-later
// Round ticks for steps and values.
#pragma once
#include <QString>
#include <vector>

namespace moe::ui {

/// Multiples of 1, 2 or 5 · 10ⁿ within [low, high], at most `most` + 1 of them.
std::vector<double> roundTicks(double low, double high, int most);
/// The same, but never between whole steps.
std::vector<double> stepTicks(double low, double high, int most);
/// "0", "500", "4k", "1.5M".
QString stepWord(double step);
/// Decimals that tell ticks this far apart from each other.
int tickDecimals(double spacing);

}  // namespace moe::ui
