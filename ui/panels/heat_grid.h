// SPDX-License-Identifier: GPL-3.0-or-later
// A grid of cells on the expert axis: one image pixel per cell, scaled without smoothing, and a mask of gaps and
// rounded corners over it. 64 × 128 cells cost as little as 6 × 16.
#pragma once
#include <QImage>
#include <QPixmap>
#include <QRectF>

#include "ui/panels/expert_axis.h"

class QPainter;

namespace moe::ui {

class HeatGrid {
 public:
  /// Rows of equal pitch from `top`; the last ends at top + rows·pitch, snapped to device pixels.
  void setGeometry(const ExpertAxis& axis, double top, double pitch, int rows);
  const ExpertAxis& axis() const { return axis_; }
  int rows() const { return rows_; }
  double top() const { return top_; }
  double bottom() const { return edge(rows_); }
  double pitch() const { return pitch_; }
  QRectF bounds() const { return {axis_.left, top_, axis_.right - axis_.left, bottom() - top_}; }
  QRectF cell(int row, int expert) const;
  int rowAt(double y) const;  // −1 outside
  /// `cells`: experts × rows, RGB32.
  void paint(QPainter& painter, const QImage& cells) const;
  /// Number of a cell in black or white, whichever contrasts with its colour; cells too small for it stay silent.
  bool roomForNumbers() const;
  /// Every how many-th row label fits.
  int rowLabelStep(double lineHeight) const;

 private:
  double edge(int row) const;
  void makeMask() const;
  ExpertAxis axis_;
  double top_ = 0, pitch_ = 0, gap_ = 2;
  int rows_ = 0;
  mutable QPixmap mask_;
  mutable QRgb maskColour_ = 0;
};

/// "2.4" centred in the cell in `figure12`, ink by contrast with `ground`.
void drawCellNumber(QPainter& painter, const QRectF& cell, double ratio, QRgb ground);

}  // namespace moe::ui
