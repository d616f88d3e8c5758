// SPDX-License-Identifier: GPL-3.0-or-later
// The scale of shares with ticks in words and the bracket of the noise band, 304 px wide.
#pragma once
#include <QWidget>

namespace moe::ui {

class ColourBar : public QWidget {
  Q_OBJECT
 public:
  explicit ColourBar(QWidget* parent = nullptr);
  /// Standard deviation of a uniform router's ratio; NaN hides the bracket.
  void setNoise(double standardDeviation);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  double noise_;
};

}  // namespace moe::ui
