// SPDX-License-Identifier: GPL-3.0-or-later
// The marks of classes of points.
#pragma once
#include <QPainter>
#include <QString>

namespace moe::ui {

/// Marks that differ; from here on they come again.
constexpr int kClassMarks = 8;

/// Point of a class: ● ○ ▲ △ ■ □ ◆ ◇ by index (mod 8) in ink and canvas.
void drawClassPoint(QPainter& painter, QPointF centre, int label, double radius);

}  // namespace moe::ui
