// SPDX-License-Identifier: GPL-3.0-or-later
// Small marks that carry meaning without colour: shapes of pins, the hatch and × of a dead expert, outlines.
#pragma once
#include <QBrush>
#include <QColor>
#include <QPainterPath>
#include <QPen>
#include <QRectF>

#include "ui/bridge/selection.h"

class QPainter;

namespace moe::ui {

/// Shape of a pin (● ▲ ■ ◆ ⬟ ▼ ✚ ★ by index) as a path of this diameter around a centre: fonts lack some of them.
QPainterPath pinPath(int index, QPointF centre, double diameter);
void drawPin(QPainter& painter, int index, QPointF centre, double diameter);
/// Foot of a token held by pin `index`, or by the selection with −1: solid, dotted, dashed …
QPen footPen(int index, double width);

/// Fine 45° hatch of a dead expert, a line every 5 px, on the canvas.
QBrush hatchBrush(qreal devicePixelRatio);
/// Hatch and, where there is room, × on a clear disc.
void drawDead(QPainter& painter, const QRectF& cell, qreal devicePixelRatio);
/// Outline outside a cell with a canvas-coloured ring, so that it shows on every fill.
void drawOutline(QPainter& painter, const QRectF& cell, QColor colour, double width);
/// Small outlined square that stands for the selection in text.
void drawSelectionSquare(QPainter& painter, const QRectF& box);

/// How a view shows one expert: plain, selected, or pinned with an index.
struct Holder {
  bool selected = false;
  int pin = -1;
  explicit operator bool() const { return selected || pin >= 0; }
  QColor stroke() const;
  QColor fill() const;
};
Holder holderOf(const Selection& selection, const ExpertRef& ref);

}  // namespace moe::ui
