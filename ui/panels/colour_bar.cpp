// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/colour_bar.h"

#include <QFontMetricsF>
#include <QPainter>
#include <cmath>
#include <limits>

#include "ui/bridge/run_history.h"
#include "ui/panels/colour_scale.h"
#include "ui/panels/marks.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

ColourBar::ColourBar(QWidget* parent) : QWidget(parent), noise_(std::numeric_limits<double>::quiet_NaN()) {
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setAccessibleName(tr("Scale: one eighth to eight times the fair share"));
}

void ColourBar::setLoads(const WindowLoads& loads) {
  const double noise = loads.noise();
  const bool hatched = loads.anyDead();
  if (noise_ == noise && hatched_ == hatched) return;
  noise_ = noise;
  hatched_ = hatched;
  update();
}

QSize ColourBar::sizeHint() const {
  const Theme& theme = Theme::instance();
  return {theme.px(304), theme.px(38)};
}

void ColourBar::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  const ShareScale& scale = ShareScale::of(theme.dark());
  QPainter painter(this);
  const QRectF bar(0, theme.px(14), width(), theme.px(8));
  QImage strip(256, 1, QImage::Format_RGB32);
  for (int i = 0; i < 256; ++i) strip.setPixel(i, 0, scale.at((i - 127.5) / 127.5));
  painter.drawImage(bar, strip);
  const auto x = [&](double position) { return bar.left() + bar.width() * (position + 1) / 2; };
  painter.setFont(theme.font(Type::tick11));
  const double line = theme.px(14);
  struct Tick {
    double ratio;
    QString word;
  };
  const Tick ticks[] = {{1.0 / 8, QStringLiteral("⅛×")}, {1.0 / 4, QStringLiteral("¼×")},
                        {1.0 / 2, QStringLiteral("½×")}, {1, tr("1× fair share")},
                        {2, QStringLiteral("2×")},       {4, QStringLiteral("4×")},
                        {8, QStringLiteral("8×")}};
  for (const Tick& tick : ticks) {
    const bool centre = tick.ratio == 1;
    QFont font = theme.font(Type::tick11);
    if (centre) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(theme.color(centre ? Role::text : Role::text2));
    const double w = QFontMetricsF(font).horizontalAdvance(tick.word) + 1, at = x(sharePosition(tick.ratio));
    painter.fillRect(QRectF(std::min(std::round(at), width() - 1.0), bar.bottom(), 1, 3), theme.color(Role::soft));
    const double left = std::clamp(at - w / 2, 0.0, std::max(0.0, width() - w));
    painter.drawText(QRectF(left, bar.bottom() + 2, w, line), Qt::AlignCenter, tick.word);
  }
  if (!std::isfinite(noise_)) return paintHatch(painter, width());
  const double band = noiseBand(noise_);
  const double from = std::round(x(sharePosition(std::max(1 - band, 1e-9)))),
               to = std::round(x(sharePosition(1 + band)));
  const QColor ink = theme.color(Role::text2);
  const double y = bar.top() - 4;
  painter.fillRect(QRectF(from, y, to - from + 1, 1), ink);
  painter.fillRect(QRectF(from, y, 1, 3), ink);
  painter.fillRect(QRectF(to, y, 1, 3), ink);
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(ink);
  const QString words = tr("noise ±%1").arg(formatFixed(band, 2));
  const double w = QFontMetricsF(painter.font()).horizontalAdvance(words);
  const double left = to + 5 + w <= width() ? to + 5 : from - 5 - w;
  painter.drawText(QRectF(left, 0, w + 1, line), Qt::AlignVCenter, words);
  paintHatch(painter, std::min(from, left));
}

void ColourBar::paintHatch(QPainter& painter, double end) const {
  if (!hatched_) return;
  const Theme& theme = Theme::instance();
  const QRectF cell(0, 0, theme.px(20), theme.px(11));
  const QString words = tr("no token");
  const double left = cell.right() + theme.px(5), w = QFontMetricsF(painter.font()).horizontalAdvance(words);
  if (left + w + theme.px(8) > end) return;
  drawDead(painter, cell, devicePixelRatioF());
  painter.setPen(theme.color(Role::text2));
  painter.drawText(QRectF(left, 0, w + 1, theme.px(14)), Qt::AlignVCenter, words);
}

}  // namespace moe::ui
