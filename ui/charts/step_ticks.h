// SPDX-License-Identifier: GPL-3.0-or-later
// Round ticks for steps and values.
#pragma once
#include <QString>
#include <QStringList>
#include <vector>

namespace moe::ui {

/// Multiples of 1, 2 or 5 · 10ⁿ within [low, high], at most `most` + 1 of them.
std::vector<double> roundTicks(double low, double high, int most);
/// The same, but never between whole steps.
std::vector<double> stepTicks(double low, double high, int most);
/// "0", "500", "4k", "1.5M".
QString stepWord(double step);
/// "3.1e−7" with as many decimals; of a positive value.
QString exponentText(double value, int decimals);
/// Words of a logarithmic axis in one style: all in full (0.01, 0.1, 1), or all as 1e−3, 1e−1 where one of them has no
/// room for its zeros. Ticks are positive.
QStringList logTickWords(const std::vector<double>& ticks);
/// Decimals that tell ticks this far apart from each other.
int tickDecimals(double spacing);

}  // namespace moe::ui
