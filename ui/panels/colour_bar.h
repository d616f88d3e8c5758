// SPDX-License-Identifier: GPL-3.0-or-later
// The scale of shares with ticks in words, the bracket of the noise band, and what is no end of the scale: the hatch of
// an expert without a token. 304 px wide.
#pragma once
#include <QWidget>

class QPainter;

namespace moe::ui {

struct WindowLoads;

class ColourBar : public QWidget {
  Q_OBJECT
 public:
  explicit ColourBar(QWidget* parent = nullptr);
  /// What the picture shows: the noise of its ratios (NaN hides the bracket), and whether it has hatched cells.
  void setLoads(const WindowLoads& loads);
  bool hatched() const { return hatched_; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  /// `end`: where the noise begins, which comes first.
  void paintHatch(QPainter& painter, double end) const;
  double noise_;
  bool hatched_ = false;
};

}  // namespace moe::ui
