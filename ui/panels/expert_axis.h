// SPDX-License-Identifier: GPL-3.0-or-later
// The expert axis: x of E1 … En. Routing map, waterfall, load, specialization and the path of a token all take it from
// here, with the same label width at the left and the same margin at the right, so that stacked they line up exactly.
#pragma once
#include <QColor>
#include <QRectF>
#include <QString>

class QFontMetricsF;
class QPainter;
class QWidget;

namespace moe::ui {

struct ExpertAxis {
  double left = 0, right = 0;  // logical pixels; whole device pixels
  int experts = 0;
  double gap = 2;  // between cells; 1 or 0 when they are small
  qreal dpr = 1;

  bool operator==(const ExpertAxis&) const = default;

  /// For a widget of this width; design widths are multiplied by the theme's scale.
  static ExpertAxis of(const QWidget& widget, int experts);
  static ExpertAxis make(double width, int experts, qreal scale, qreal dpr);

  /// Boundary before cell e (0 … experts), snapped to device pixels exactly as nearest-neighbour scaling snaps it.
  double edge(int e) const;
  /// Left and right of the painted cell: the gap straddles the boundary; the outer cells end at left and right.
  double cellLeft(int e) const;
  double cellRight(int e) const;
  double centre(int e) const { return (cellLeft(e) + cellRight(e)) / 2; }
  double pitch() const { return experts > 0 ? (right - left) / experts : 0; }
  QRectF cell(int e, double top, double height) const;
  /// −1 outside.
  int expertAt(double x) const;
  /// Every how many-th label fits: 1, 2, 4, 8 …
  int labelStep(const QFontMetricsF& metrics) const;
  double rightColumn() const;  // where words beside the axis begin
};

/// Draws E1 … En centred over their cells; `strong` (or −1) in bold ink.
void drawExpertLabels(QPainter& painter, const ExpertAxis& axis, double top, double height, int strong);

}  // namespace moe::ui
