// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/step_ticks.h"

#include <algorithm>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

double roundSpacing(double span, int most) {
  const double raw = span / std::max(1, most);
  const double unit = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0, 10.0}) {
    if (factor * unit >= raw * (1 - 1e-9)) return factor * unit;
  }
  return 10 * unit;
}

std::vector<double> multiples(double low, double high, double spacing) {
  std::vector<double> out;
  const auto first = static_cast<long long>(std::ceil(low / spacing - 1e-9));
  const auto last = static_cast<long long>(std::floor(high / spacing + 1e-9));
  for (long long i = first; i <= last; ++i) out.push_back(static_cast<double>(i) * spacing);
  return out;
}

}  // namespace

std::vector<double> roundTicks(double low, double high, int most) {
  if (!(high > low) || !std::isfinite(high - low)) return {};
  // One lone tick tells no scale, so the spacing is refined until two fit.
  std::vector<double> ticks;
  for (int refined = most; ticks.size() < 2 && refined < most + 8; ++refined)
    ticks = multiples(low, high, roundSpacing(high - low, refined));
  return ticks;
}

std::vector<double> stepTicks(double low, double high, int most) {
  if (!(high > low)) return {};
  return multiples(low, high, std::max(1.0, roundSpacing(high - low, most)));
}

QString stepWord(double step) {
  const auto scaled = [](double v, const char* unit) {
    const int decimals = std::abs(v - std::round(v)) < 1e-9 ? 0 : std::abs(10 * v - std::round(10 * v)) < 1e-6 ? 1 : 2;
    return formatFixed(v, decimals) + QLatin1String(unit);
  };
  if (step >= 1e6) return scaled(step / 1e6, "M");
  if (step >= 1e3) return scaled(step / 1e3, "k");
  return formatFixed(step, 0);
}

QString exponentText(double value, int decimals) {
  double exponent = std::floor(std::log10(value) + 1e-9);
  if (formatFixed(value / std::pow(10, exponent), decimals).startsWith(QLatin1String("10"))) exponent += 1;  // 9.97e−5
  return QStringLiteral("%1e%2").arg(formatFixed(value / std::pow(10, exponent), decimals), formatFixed(exponent, 0));
}

QStringList logTickWords(const std::vector<double>& ticks) {
  constexpr double kLeastInFull = 0.01 * (1 - 1e-9);
  const bool full = std::ranges::all_of(ticks, [](double tick) { return tick >= kLeastInFull; });
  const auto whole = [](double tick) {
    const double mantissa = tick / std::pow(10, std::floor(std::log10(tick) + 1e-9));
    return std::abs(mantissa - std::round(mantissa)) < 1e-6;
  };
  const int decimals = std::ranges::all_of(ticks, whole) ? 0 : 1;
  // Ticks of less than an octave are evenly spaced: 1.2 and 1.4, not 1 and 1.
  const double spacing = ticks.size() > 1 ? ticks[1] - ticks[0] : 1;
  QStringList out;
  for (const double tick : ticks)
    out << (!full           ? exponentText(tick, decimals)
            : decimals == 0 ? formatFixed(tick, tickDecimals(tick))
                            : formatFixed(tick, tickDecimals(spacing)));
  return out;
}

int tickDecimals(double spacing) {
  if (!(spacing > 0)) return 0;
  return std::clamp(static_cast<int>(std::ceil(-std::log10(spacing) - 1e-9)), 0, 6);
}

}  // namespace moe::ui
