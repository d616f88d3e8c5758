// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/colour_scale.h"

#include <algorithm>
#include <cmath>

namespace moe::ui {
namespace {

constexpr double kOctaves = 3;       // the scale ends at 1/8× and 8×
constexpr double kInBandHue = 0.35;  // share of the hue left inside the noise band
constexpr QRgb kBelow = 0xFF0877BD, kAbove = 0xFFF59322;
constexpr QRgb kNeutralLight = 0xFFE8EAEB, kNeutralDark = 0xFF2A2D30;
constexpr QRgb kCividis[] = {0xFF00224E, 0xFF123570, 0xFF3B496C, 0xFF575D6D, 0xFF707173,
                             0xFF8A8678, 0xFFA59C74, 0xFFC3B369, 0xFFE1CC55, 0xFFFEE838};

QRgb mix(QRgb a, QRgb b, double t) {
  const auto channel = [t](int x, int y) { return static_cast<int>(std::lround(x + (y - x) * t)); };
  return qRgb(channel(qRed(a), qRed(b)), channel(qGreen(a), qGreen(b)), channel(qBlue(a), qBlue(b)));
}

ColourTable makeCividis() {
  ColourTable table{};
  constexpr int last = static_cast<int>(std::size(kCividis)) - 1;
  for (int i = 0; i < 256; ++i) {
    const double x = i / 255.0 * last;
    const int k = std::min(static_cast<int>(x), last - 1);
    table[static_cast<std::size_t>(i)] = mix(kCividis[k], kCividis[k + 1], x - k);
  }
  return table;
}

double linear(double channel) {
  return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(QColor c) {
  return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
}

}  // namespace

double sharePosition(double ratio) {
  if (std::isnan(ratio)) return 0;
  if (ratio <= 0) return -1;
  return std::clamp(std::log2(ratio), -kOctaves, kOctaves) / kOctaves;
}

double noiseBand(double standardDeviation) { return std::isfinite(standardDeviation) ? 2 * standardDeviation : 0; }

bool insideNoise(double ratio, double standardDeviation) { return std::abs(ratio - 1) <= noiseBand(standardDeviation); }

bool worthPrinting(double ratio, double standardDeviation) {
  return ratio > 0 && std::abs(std::log2(ratio)) >= 0.5 && !insideNoise(ratio, standardDeviation);
}

ShareScale::ShareScale(bool dark) {
  const QRgb middle = dark ? kNeutralDark : kNeutralLight;
  // 1 … 128 … 255, so that the neutral is an entry of its own; 0 repeats the lower end.
  for (int i = 0; i < 256; ++i) {
    const double t = std::clamp((i - 128) / 127.0, -1.0, 1.0);
    table_[static_cast<std::size_t>(i)] = mix(middle, t < 0 ? kBelow : kAbove, std::abs(t));
  }
}

QRgb ShareScale::at(double position) const {
  const double t = std::clamp(std::isnan(position) ? 0.0 : position, -1.0, 1.0);
  return table_[static_cast<std::size_t>(128 + std::lround(t * 127))];
}

QRgb ShareScale::colour(double ratio, double standardDeviation) const {
  const double t = sharePosition(ratio);
  return at(insideNoise(ratio, standardDeviation) ? t * kInBandHue : t);
}

const ShareScale& ShareScale::of(bool dark) {
  static const ShareScale scales[] = {ShareScale(false), ShareScale(true)};
  return scales[dark ? 1 : 0];
}

QRgb cividis(double t) {
  static const ColourTable table = makeCividis();
  if (std::isnan(t)) return table[0];
  return table[static_cast<std::size_t>(std::lround(std::clamp(t, 0.0, 1.0) * 255))];
}

double contrastRatio(QColor a, QColor b) {
  const double la = luminance(a), lb = luminance(b);
  return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QColor inkOn(QColor ground) {
  const QColor black(0, 0, 0), white(255, 255, 255);
  return contrastRatio(ground, black) >= contrastRatio(ground, white) ? black : white;
}

}  // namespace moe::ui
