// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_axis.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QWidget>
#include <algorithm>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kLabelWidth = 68, kRightMargin = 130, kRightGap = 16;
}

ExpertAxis ExpertAxis::of(const QWidget& widget, int experts) {
  return make(widget.width(), experts, Theme::instance().scale(), widget.devicePixelRatioF());
}

ExpertAxis ExpertAxis::make(double width, int experts, qreal scale, qreal dpr) {
  ExpertAxis axis;
  axis.experts = std::max(experts, 0);
  axis.dpr = dpr > 0 ? dpr : 1;
  axis.left = std::round(kLabelWidth * scale * axis.dpr) / axis.dpr;
  axis.right = std::round(std::max(axis.left + 1, width - kRightMargin * scale) * axis.dpr) / axis.dpr;
  const double pitch = axis.pitch();
  axis.gap = (pitch >= 10 ? 2 : pitch >= 5 ? 1 : 0) * std::max(1.0, std::round(scale));
  return axis;
}

double ExpertAxis::edge(int e) const {
  if (e <= 0 || experts == 0) return left;
  if (e >= experts) return right;
  const double device = (right - left) * dpr;
  return left + std::ceil(device * e / experts - 0.5) / dpr;
}

double ExpertAxis::cellLeft(int e) const { return e == 0 ? left : edge(e) + std::floor(gap / 2 * dpr) / dpr; }

double ExpertAxis::cellRight(int e) const {
  return e == experts - 1 ? right : edge(e + 1) - std::ceil(gap / 2 * dpr) / dpr;
}

QRectF ExpertAxis::cell(int e, double top, double height) const {
  return {cellLeft(e), top, cellRight(e) - cellLeft(e), height};
}

int ExpertAxis::expertAt(double x) const {
  if (experts == 0 || x < left || x >= right) return -1;
  int e = std::clamp(static_cast<int>((x - left) / pitch()), 0, experts - 1);
  while (e > 0 && x < edge(e)) --e;
  while (e < experts - 1 && x >= edge(e + 1)) ++e;
  return e;
}

int ExpertAxis::labelStep(const QFontMetricsF& metrics) const {
  const double need = metrics.horizontalAdvance(QStringLiteral("E%1").arg(experts)) + 6;
  int step = 1;
  while (step < experts && step * pitch() < need) step *= 2;
  return step;
}

double ExpertAxis::rightColumn() const { return right + kRightGap * Theme::instance().scale(); }

void drawExpertLabels(QPainter& painter, const ExpertAxis& axis, double top, double height, int strong) {
  const Theme& theme = Theme::instance();
  const QFont plain = theme.font(Type::caption12);
  QFont bold = plain;
  bold.setWeight(QFont::DemiBold);
  const int step = axis.labelStep(QFontMetricsF(plain));
  const double half = std::max(axis.pitch(), 40 * theme.scale()) / 2;
  for (int e = 0; e < axis.experts; ++e) {
    const bool isStrong = e == strong;
    const bool covered = strong >= 0 && !isStrong && std::abs(e - strong) < step;  // room for the bold label
    if (!isStrong && (e % step != 0 || covered)) continue;
    painter.setFont(isStrong ? bold : plain);
    painter.setPen(theme.color(isStrong ? Role::text : Role::text3));
    painter.drawText(QRectF(axis.centre(e) - half, top, 2 * half, height), Qt::AlignCenter,
                     QStringLiteral("E%1").arg(e + 1));
  }
}

}  // namespace moe::ui
