// SPDX-License-Identifier: GPL-3.0-or-later
// Colours of values. Shares stand on a diverging scale centred on the fair share (its centre never moves), so that a
// calm run is grey; probabilities, entropies and losses use cividis, which reads the same for colour-blind people
// (Nuñez, Anderton & Renslow 2018). Both are tables of 256 entries.
#pragma once
#include <QColor>
#include <QRgb>
#include <array>

namespace moe::ui {

/// Place of a ratio to fair share on the scale: clamp(log2 r, ±3)/3, in [−1, 1]; 0 or less gives −1, NaN gives 0.
double sharePosition(double ratio);

/// Half width of the noise band, in ratios: two standard deviations of a uniform router, 2·sqrt(E/N).
double noiseBand(double standardDeviation);
bool insideNoise(double ratio, double standardDeviation);

/// A number is worth printing when it is half an octave off the fair share and outside the band.
bool worthPrinting(double ratio, double standardDeviation);

using ColourTable = std::array<QRgb, 256>;

/// Blue – neutral – orange, linear in sRGB between the theme's neutral and #0877BD / #F59322.
class ShareScale {
 public:
  explicit ShareScale(bool dark);
  /// Full hue at position t in [−1, 1].
  QRgb at(double position) const;
  /// Colour of a ratio; inside the band of `standardDeviation` only 35 % of its hue. NaN gives the neutral.
  QRgb colour(double ratio, double standardDeviation = 0) const;
  QRgb neutral() const { return table_[128]; }
  static const ShareScale& of(bool dark);

 private:
  ColourTable table_{};
};

/// Cividis at t in [0, 1], clamped; NaN gives the lowest entry.
QRgb cividis(double t);

/// WCAG 2 contrast ratio, 1 … 21.
double contrastRatio(QColor a, QColor b);
/// Pure black or pure white, whichever contrasts more with the ground.
QColor inkOn(QColor ground);

}  // namespace moe::ui
