// SPDX-License-Identifier: GPL-3.0-or-later
// Arrow keys on pictures of the plane, whose y grows upwards.
#pragma once
#include <QPointF>
#include <Qt>
#include <optional>

namespace moe::ui {

/// One step to where the arrow points; none for every other key.
inline std::optional<QPointF> arrowDirection(int key) {
  switch (key) {
    case Qt::Key_Left:
      return QPointF(-1, 0);
    case Qt::Key_Right:
      return QPointF(1, 0);
    case Qt::Key_Up:
      return QPointF(0, 1);
    case Qt::Key_Down:
      return QPointF(0, -1);
    default:
      return std::nullopt;
  }
}

}  // namespace moe::ui
