// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/class_mark.h"

#include <array>

#include "ui/widgets/theme.h"

namespace moe::ui {

void drawClassPoint(QPainter& painter, QPointF centre, int label, double radius) {
  const Theme& theme = Theme::instance();
  const bool filled = label % 2 == 0;
  const QColor ink = theme.color(Role::text), canvas = theme.color(Role::canvas);
  painter.setPen(QPen(filled ? canvas : ink, filled ? 1.0 : 1.5));
  painter.setBrush(filled ? ink : canvas);
  switch (label % kClassMarks / 2) {
    case 1: {
      const double r = radius * 1.25;
      const std::array corners{centre + QPointF(0, -r), centre + QPointF(r * 0.9, r * 0.75),
                               centre + QPointF(-r * 0.9, r * 0.75)};
      painter.drawPolygon(corners.data(), 3);
      return;
    }
    case 2:
      painter.drawRect(QRectF(centre.x() - radius * 0.9, centre.y() - radius * 0.9, radius * 1.8, radius * 1.8));
      return;
    case 3: {
      const double r = radius * 1.3;
      const std::array corners{centre + QPointF(0, -r), centre + QPointF(r, 0), centre + QPointF(0, r),
                               centre + QPointF(-r, 0)};
      painter.drawPolygon(corners.data(), 4);
      return;
    }
    default:
      painter.drawEllipse(centre, radius, radius);
  }
}

}  // namespace moe::ui
