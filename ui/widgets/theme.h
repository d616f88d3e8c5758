// SPDX-License-Identifier: GPL-3.0-or-later
// Palette, type and space of the studio in one place (values: design of light and dark themes, WCAG contrasts checked
// by a test). Everything painted by hand asks here.
#pragma once
#include <QColor>
#include <QFont>
#include <QObject>
#include <QString>

class QApplication;

namespace moe::ui {

enum class Role {
  canvas,
  dock,
  rail,
  sunken,
  hover,
  line,
  grid,
  soft,
  edge,
  text,
  text2,
  text3,
  accent,
  accentFill,
  accentWash,
  selection,
  flag,
  flagText,
  flagGround,
  error,
  errorGround,
};
/// Type ramp of the design: pixel size, line height, weight.
enum class Type { tick11, caption12, figure12, control13, title13, card15, counter20, ratio28, headline22, step40 };

class Theme : public QObject {
  Q_OBJECT
 public:
  enum Mode { Light, Dark };
  static Theme& instance();
  /// Loads the embedded fonts, sets Fusion, palette and style sheet on the application. Safe to call again.
  void apply(QApplication& app, Mode mode);
  Mode mode() const { return mode_; }
  bool dark() const { return mode_ == Dark; }
  QColor color(Role role) const;
  QFont font(Type type) const;
  QFont mono(qreal pixelSize) const;
  /// Display scale of the whole window, 0.75 … 2.5 (Present uses 1.6); all metrics below are multiplied by it.
  qreal scale() const { return scale_; }
  /// Clamped to 0.75 … 2.5; takes effect at once in every widget that listens to changed().
  void setScale(qreal scale);
  int px(qreal designPixels) const;
  bool reducedMotion() const { return reducedMotion_; }
  void setReducedMotion(bool on);

  /// Pins: 8 hues with a shape each, in fixed order; fill colours, and darker/lighter ones for strokes and text.
  static constexpr int kPins = 8;
  QColor pinFill(int index) const;
  QColor pinStroke(int index) const;
  static QString pinShape(int index);  // "●", "▲" …
  /// Hue of an expert in per-expert pictures of up to 8 experts.
  QColor expertColor(int expert) const;

 signals:
  void changed();

 private:
  Theme() = default;
  void rebuild();
  QApplication* app_ = nullptr;
  Mode mode_ = Light;
  qreal scale_ = 1.0;
  bool reducedMotion_ = false;
};

/// Locale-independent figures as the design writes them: 12,480 · 41.4 k · 2.41× · −0.003 · 6 min 12 s. NaN gives "–".
QString formatCount(qint64 n);
QString formatShort(double v);                          // 41.4 k, 1.2 M
QString formatFixed(double v, int decimals);            // true minus sign
QString formatRatio(double r);                          // "2.41×"
QString formatPercent(double share, int decimals = 1);  // "15.1 %"
QString formatDuration(double seconds);                 // "6 min 12 s"

}  // namespace moe::ui
