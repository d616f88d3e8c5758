// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/heat_grid.h"

#include <QPaintEngine>
#include <QPainter>
#include <QPainterPath>
#include <QStaticText>
#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "ui/panels/colour_scale.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kRadius = 2;
}

void HeatGrid::setGeometry(const ExpertAxis& axis, double top, double pitch, int rows) {
  top = std::round(top * axis.dpr) / axis.dpr;
  pitch = std::max(pitch, 1.0 / axis.dpr);
  if (axis == axis_ && top == top_ && pitch == pitch_ && rows == rows_) return;  // keeps the mask
  axis_ = axis;
  top_ = top;
  pitch_ = pitch;
  rows_ = rows;
  gap_ = axis.gap == 0 ? 0 : pitch_ >= 10 ? 2 : pitch_ >= 5 ? 1 : 0;
  mask_ = {};
}

double HeatGrid::edge(int row) const {
  const double device = std::round(pitch_ * rows_ * axis_.dpr);  // whole height first, so that rows divide it
  if (rows_ == 0) return top_;
  return top_ + (row >= rows_ ? device : std::ceil(device * row / rows_ - 0.5)) / axis_.dpr;
}

QRectF HeatGrid::cell(int row, int expert) const {
  const double half = gap_ / 2, d = axis_.dpr;
  const double y0 = row == 0 ? top_ : edge(row) + std::floor(half * d) / d;
  const double y1 = row == rows_ - 1 ? edge(rows_) : edge(row + 1) - std::ceil(half * d) / d;
  return axis_.cell(expert, y0, y1 - y0);
}

int HeatGrid::rowAt(double y) const {
  if (rows_ == 0 || y < top_ || y >= bottom()) return -1;
  int row = std::clamp(static_cast<int>((y - top_) / pitch_), 0, rows_ - 1);
  while (row > 0 && y < edge(row)) --row;
  while (row < rows_ - 1 && y >= edge(row + 1)) ++row;
  return row;
}

void HeatGrid::makeMask() const {
  const QColor canvas = Theme::instance().color(Role::canvas);
  maskColour_ = canvas.rgb();
  const QSizeF size = bounds().size();
  QImage mask((size * axis_.dpr).toSize(), QImage::Format_ARGB32_Premultiplied);
  mask.setDevicePixelRatio(axis_.dpr);
  mask.fill(canvas);
  QPainter painter(&mask);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setCompositionMode(QPainter::CompositionMode_Clear);
  painter.translate(-axis_.left, -top_);
  QPainterPath holes;
  for (int row = 0; row < rows_; ++row) {
    for (int e = 0; e < axis_.experts; ++e) holes.addRoundedRect(cell(row, e), kRadius, kRadius);
  }
  painter.fillPath(holes, Qt::black);
  painter.end();
  mask_ = QPixmap::fromImage(mask);
}

void HeatGrid::paint(QPainter& painter, const QImage& cells) const {
  if (rows_ == 0 || axis_.experts == 0 || cells.isNull()) return;
  const bool raster = painter.paintEngine() != nullptr && painter.paintEngine()->type() == QPaintEngine::Raster;
  if (!raster) {  // vector export: one shape per cell
    painter.setPen(Qt::NoPen);
    for (int row = 0; row < rows_; ++row) {
      for (int e = 0; e < axis_.experts; ++e) {
        painter.setBrush(QColor(cells.pixel(e, row)));
        painter.drawRoundedRect(cell(row, e), kRadius, kRadius);
      }
    }
    return;
  }
  painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
  painter.drawImage(bounds(), cells);
  if (axis_.gap == 0 && gap_ == 0) return;
  if (mask_.isNull() || maskColour_ != Theme::instance().color(Role::canvas).rgb()) makeMask();
  painter.drawPixmap(bounds().topLeft(), mask_);
}

bool HeatGrid::roomForNumbers() const {
  const double scale = Theme::instance().scale();
  return axis_.pitch() >= 24 * scale && pitch_ >= 15 * scale;
}

int HeatGrid::rowLabelStep(double lineHeight) const {
  int step = 1;
  while (step < rows_ && step * pitch_ < lineHeight) step *= 2;
  return step;
}

void drawCellNumber(QPainter& painter, const QRectF& cell, double ratio, QRgb ground) {
  // Laid out once per text: drawStaticText is several times cheaper than drawText.
  struct Cached {
    QStaticText text;
    QSizeF size;
  };
  static std::unordered_map<int, Cached> cache;
  static QFont cachedFont;
  const QFont font = Theme::instance().font(Type::figure12);
  if (font != cachedFont) {
    cache.clear();
    cachedFont = font;
  }
  const int tenths = static_cast<int>(std::lround(std::min(ratio, 999.0) * 10));
  Cached& entry = cache[tenths];
  if (entry.text.text().isEmpty()) {
    entry.text.setText(formatFixed(tenths / 10.0, 1));
    entry.text.prepare({}, font);
    entry.size = entry.text.size();
  }
  painter.setFont(font);
  painter.setPen(inkOn(QColor(ground)));
  const QPointF at = cell.center() - QPointF(entry.size.width(), entry.size.height()) / 2;
  painter.drawStaticText(QPointF(std::round(at.x()), std::round(at.y())), entry.text);
}

}  // namespace moe::ui
