// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/icons.h"

#include <QPainter>
#include <QPainterPath>
#include <QPixmap>

namespace moe::ui {
namespace {

void polyline(QPainterPath& path, std::initializer_list<QPointF> points, bool close = false) {
  auto it = points.begin();
  path.moveTo(*it);
  for (++it; it != points.end(); ++it) path.lineTo(*it);
  if (close) path.closeSubpath();
}

struct Drawing {
  QPainterPath strokes, fills;
};

Drawing transport(Icon icon) {
  Drawing d;
  switch (icon) {
    case Icon::run:
      polyline(d.fills, {{6, 4}, {16, 10}, {6, 16}}, true);
      break;
    case Icon::pause:
      d.fills.addRoundedRect(5, 4, 3.4, 12, 1, 1);
      d.fills.addRoundedRect(11.6, 4, 3.4, 12, 1, 1);
      break;
    case Icon::step:
    case Icon::last:
      polyline(d.strokes, {{5, 5}, {12, 10}, {5, 15}}, true);
      polyline(d.strokes, {{15.5, 5}, {15.5, 15}});
      break;
    case Icon::first:
      polyline(d.strokes, {{15, 5}, {8, 10}, {15, 15}}, true);
      polyline(d.strokes, {{4.5, 5}, {4.5, 15}});
      break;
    case Icon::back:
      polyline(d.strokes, {{12.5, 5}, {7, 10}, {12.5, 15}});
      break;
    case Icon::forward:
      polyline(d.strokes, {{7.5, 5}, {13, 10}, {7.5, 15}});
      break;
    case Icon::stop:
      d.fills.addRoundedRect(5, 5, 10, 10, 1.5, 1.5);
      break;
    case Icon::restart:
      d.strokes.arcMoveTo(4, 4, 12, 12, 40);
      d.strokes.arcTo(4, 4, 12, 12, 40, -320);
      polyline(d.strokes, {{15.6, 2.8}, {15.3, 6.6}, {11.6, 6.2}});
      break;
    default:
      break;
  }
  return d;
}

Drawing sign(Icon icon) {
  Drawing d;
  switch (icon) {
    case Icon::find:
      d.strokes.addEllipse(QPointF(9, 9), 4.8, 4.8);
      polyline(d.strokes, {{12.6, 12.6}, {16.2, 16.2}});
      break;
    case Icon::undo:
      polyline(d.strokes, {{7.5, 4.5}, {4, 8}, {7.5, 11.5}});
      d.strokes.moveTo(4, 8);
      d.strokes.lineTo(12, 8);
      d.strokes.arcTo(8.2, 8, 7.6, 7.6, 90, -180);
      d.strokes.lineTo(7, 15.6);
      break;
    case Icon::pennant:
      polyline(d.strokes, {{5, 3}, {5, 17.5}});
      polyline(d.fills, {{5, 3.5}, {16, 3.5}, {13.4, 7}, {16, 10.5}, {5, 10.5}}, true);
      break;
    case Icon::warning:
      polyline(d.fills, {{10, 2.5}, {18, 16.5}, {2, 16.5}}, true);
      d.fills.addRoundedRect(9.25, 7, 1.5, 5, .7, .7);
      d.fills.addEllipse(QPointF(10, 14.1), .95, .95);
      break;
    case Icon::pin:
      polyline(d.strokes, {{7, 3.5}, {13, 3.5}});
      polyline(d.strokes, {{8, 3.5}, {8, 8.5}, {5.5, 11.5}, {14.5, 11.5}, {12, 8.5}, {12, 3.5}});
      polyline(d.strokes, {{10, 11.5}, {10, 17}});
      break;
    case Icon::close:
      polyline(d.strokes, {{5.5, 5.5}, {14.5, 14.5}});
      polyline(d.strokes, {{14.5, 5.5}, {5.5, 14.5}});
      break;
    case Icon::more:
      polyline(d.strokes, {{5, 8}, {10, 13}, {15, 8}});
      break;
    case Icon::checkpoint:
      polyline(d.fills, {{10, 4}, {16, 10}, {10, 16}, {4, 10}}, true);
      break;
    case Icon::file:
      polyline(d.strokes, {{11.5, 2.8}, {5, 2.8}, {5, 17.2}, {15, 17.2}, {15, 6.3}}, false);
      polyline(d.strokes, {{11.5, 2.8}, {11.5, 6.3}, {15, 6.3}, {11.5, 2.8}});
      break;
    case Icon::folder:
      polyline(d.strokes, {{2.8, 15.8}, {2.8, 4.6}, {8, 4.6}, {9.8, 6.8}, {17.2, 6.8}, {17.2, 15.8}}, true);
      break;
    default:
      break;
  }
  return d;
}

Drawing mode(Icon icon) {
  Drawing d;
  if (icon == Icon::train) {
    polyline(d.strokes, {{3, 3}, {3, 17}, {17.5, 17}});
    d.strokes.moveTo(5.5, 4);
    d.strokes.cubicTo(6.5, 12, 10, 13.2, 17, 13.6);
  } else if (icon == Icon::inspect) {
    d.strokes.moveTo(2, 10);
    d.strokes.cubicTo(5.5, 3.4, 14.5, 3.4, 18, 10);
    d.strokes.cubicTo(14.5, 16.6, 5.5, 16.6, 2, 10);
    d.strokes.addEllipse(QPointF(10, 10), 2.6, 2.6);
  } else {  // reset: a window put back in order
    d.strokes.addRoundedRect(3, 4, 14, 12, 1.5, 1.5);
    polyline(d.strokes, {{3, 8}, {17, 8}});
    polyline(d.strokes, {{9, 8}, {9, 16}});
  }
  return d;
}

}  // namespace

void paintIcon(QPainter& painter, Icon icon, const QRectF& rect, const QColor& ink) {
  Drawing drawing = icon <= Icon::last                                                    ? transport(icon)
                    : icon == Icon::train || icon == Icon::inspect || icon == Icon::reset ? mode(icon)
                                                                                          : sign(icon);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.translate(rect.topLeft());
  painter.scale(rect.width() / 20.0, rect.height() / 20.0);
  painter.setPen(QPen(ink, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(drawing.strokes);
  drawing.fills.setFillRule(Qt::OddEvenFill);
  painter.fillPath(drawing.fills, ink);
  painter.restore();
}

QIcon makeIcon(Icon icon, const QColor& ink, const QColor& disabled) {
  QIcon out;
  for (const int ratio : {1, 2, 3})
    for (const auto mode : {QIcon::Normal, QIcon::Disabled}) {
      QPixmap picture(20 * ratio, 20 * ratio);
      picture.fill(Qt::transparent);
      QPainter painter(&picture);
      paintIcon(painter, icon, QRectF(0, 0, 20 * ratio, 20 * ratio), mode == QIcon::Normal ? ink : disabled);
      painter.end();
      picture.setDevicePixelRatio(ratio);
      out.addPixmap(picture, mode);
    }
  return out;
}

}  // namespace moe::ui
