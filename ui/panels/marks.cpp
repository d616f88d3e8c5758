// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/marks.h"

#include <QPainter>
#include <QPixmap>
#include <array>
#include <cmath>
#include <map>
#include <numbers>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

/// Corners on a circle, the first at the top unless turned; `inner` < 1 gives a star.
QPainterPath polygon(QPointF centre, double radius, int corners, double turn = 0, double inner = 1) {
  QPainterPath path;
  const int points = inner < 1 ? corners * 2 : corners;
  for (int i = 0; i < points; ++i) {
    const double angle = turn - std::numbers::pi / 2 + 2 * std::numbers::pi * i / points;
    const double r = inner < 1 && i % 2 == 1 ? radius * inner : radius;
    const QPointF p = centre + QPointF(std::cos(angle), std::sin(angle)) * r;
    i == 0 ? path.moveTo(p) : path.lineTo(p);
  }
  path.closeSubpath();
  return path;
}

QPainterPath cross(QPointF c, double r) {
  QPainterPath path;
  const double w = r * 0.36;
  path.addRect(QRectF(c.x() - w, c.y() - r, 2 * w, 2 * r));
  path.addRect(QRectF(c.x() - r, c.y() - w, 2 * r, 2 * w));
  path.setFillRule(Qt::WindingFill);
  return path.simplified();
}

}  // namespace

QPainterPath pinPath(int index, QPointF c, double d) {
  const double r = d / 2;
  QPainterPath path;
  switch (index) {
    case 1:
      return polygon(c + QPointF(0, r * 0.15), r * 1.12, 3);
    case 2:
      path.addRect(QRectF(c.x() - r * 0.85, c.y() - r * 0.85, r * 1.7, r * 1.7));
      return path;
    case 3:
      return polygon(c, r * 1.1, 4);
    case 4:
      return polygon(c, r * 1.05, 5);
    case 5:
      return polygon(c - QPointF(0, r * 0.15), r * 1.12, 3, std::numbers::pi);
    case 6:
      return cross(c, r);
    case 7:
      return polygon(c, r * 1.15, 5, 0, 0.42);
    default:
      path.addEllipse(c, r, r);
      return path;
  }
}

void drawPin(QPainter& painter, int index, QPointF centre, double diameter) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(Theme::instance().pinFill(index));
  painter.drawPath(pinPath(index, centre, diameter));
  painter.restore();
}

QPen footPen(int index, double width) {
  const Theme& theme = Theme::instance();
  QPen pen(index < 0 ? theme.color(Role::accent) : theme.pinStroke(index), width);
  pen.setCapStyle(Qt::FlatCap);
  static const std::array<QList<qreal>, Theme::kPins> patterns = {
      {{1, 1}, {2.5, 1.2}, {4, 1.2}, {4, 1, 1, 1}, {1, 2}, {6, 2}, {2.5, 1, 1, 1, 1, 1}, {1, 1, 3, 1}}};
  if (index >= 0) pen.setDashPattern(patterns[static_cast<std::size_t>(index % Theme::kPins)]);
  return pen;
}

QBrush hatchBrush(qreal dpr) {
  static std::map<std::pair<QRgb, int>, QPixmap> tiles;
  const Theme& theme = Theme::instance();
  const QColor ground = theme.color(Role::canvas), line = theme.color(Role::soft);
  QPixmap& tile = tiles[{line.rgb(), static_cast<int>(dpr * 100)}];
  if (tile.isNull()) {
    const int side = std::max(1, static_cast<int>(std::lround(5 * dpr)));
    QImage image(side, side, QImage::Format_RGB32);
    // Coverage of a line one device-independent pixel wide along x + y = 0 (mod side): seamless by construction.
    const double width = 1.3 * dpr;
    for (int y = 0; y < side; ++y) {
      for (int x = 0; x < side; ++x) {
        const double off = (x + y + 1) % side;
        const double distance = std::min(off, side - off) / std::numbers::sqrt2;
        const double cover = std::clamp(width / 2 + 0.5 - distance, 0.0, 1.0);
        const auto mix = [cover](int a, int b) { return static_cast<int>(a + (b - a) * cover); };
        image.setPixel(
            x, y,
            qRgb(mix(ground.red(), line.red()), mix(ground.green(), line.green()), mix(ground.blue(), line.blue())));
      }
    }
    tile = QPixmap::fromImage(image);
    tile.setDevicePixelRatio(dpr);
  }
  return QBrush(tile);
}

void drawDead(QPainter& painter, const QRectF& cell, qreal dpr) {
  const Theme& theme = Theme::instance();
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setBrushOrigin(cell.topLeft());
  painter.fillRect(cell, hatchBrush(dpr));
  if (cell.width() >= 12 && cell.height() >= 10) {
    painter.setPen(QPen(theme.color(Role::soft), 1));
    painter.setBrush(Qt::NoBrush);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.drawRoundedRect(cell.adjusted(0.5, 0.5, -0.5, -0.5), 2, 2);
    const double r = std::min({cell.width(), cell.height(), 18.0 * theme.scale()}) / 2;
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(Role::canvas));
    painter.drawEllipse(cell.center(), r, r);
    painter.setPen(QPen(theme.color(Role::text2), 1.3 * theme.scale(), Qt::SolidLine, Qt::RoundCap));
    const double k = r * 0.42;
    const QPointF c = cell.center();
    painter.drawLine(c + QPointF(-k, -k), c + QPointF(k, k));
    painter.drawLine(c + QPointF(-k, k), c + QPointF(k, -k));
  }
  painter.restore();
}

void drawOutline(QPainter& painter, const QRectF& cell, QColor colour, double width) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  const double ring = width + 1.5;
  painter.setPen(QPen(Theme::instance().color(Role::canvas), ring + width));
  painter.drawRoundedRect(cell.adjusted(-1, -1, 1, 1), 4, 4);
  painter.setPen(QPen(colour, width));
  painter.drawRoundedRect(cell.adjusted(-1, -1, 1, 1), 4, 4);
  painter.restore();
}

void drawSelectionSquare(QPainter& painter, const QRectF& box) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Theme::instance().color(Role::selection), 2.5));
  painter.drawRoundedRect(box.adjusted(1.25, 1.25, -1.25, -1.25), 2.5, 2.5);
  painter.restore();
}

QColor Holder::stroke() const {
  const Theme& theme = Theme::instance();
  return selected ? theme.color(Role::selection) : pin >= 0 ? theme.pinStroke(pin) : theme.color(Role::text3);
}

QColor Holder::fill() const {
  const Theme& theme = Theme::instance();
  return selected ? theme.color(Role::accent) : pin >= 0 ? theme.pinFill(pin) : theme.color(Role::edge);
}

Holder holderOf(const Selection& selection, const ExpertRef& ref) {
  Holder holder;
  holder.selected = selection.primary() == ref;
  holder.pin = selection.pinIndex(ref);
  return holder;
}

}  // namespace moe::ui
