// SPDX-License-Identifier: GPL-3.0-or-later
// What ChartView paints around the curves.
#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/charts/chart_view.h"
#include "ui/charts/step_ticks.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

std::vector<double> ChartView::valueTicks() const {
  const int most = std::clamp(static_cast<int>(plot_.height() / Theme::instance().px(26)), 2, 4);
  if (!frame_.logarithmic) return roundTicks(low_, high_, most);
  std::vector<double> ticks;
  for (double decade = std::pow(10, std::floor(std::log10(std::max(low_, 1e-12)))); decade <= high_; decade *= 10) {
    for (const double factor : {1.0, 2.0, 3.0, 5.0, 7.0}) {
      if (factor * decade >= low_ && factor * decade <= high_) ticks.push_back(factor * decade);
    }
  }
  // Over many decades the whole ones are enough.
  if (high_ > 30 * low_)
    std::erase_if(ticks, [](double tick) { return std::abs(std::remainder(std::log10(tick), 1)) > 1e-6; });
  // Less than an octave holds too few of those: a logarithmic axis may carry plain ticks.
  return ticks.size() < 2 ? roundTicks(low_, high_, most) : ticks;
}

void ChartView::drawBackground(QPainter* painter, const QRectF& rect) {
  const Theme& theme = Theme::instance();
  painter->fillRect(rect, theme.color(Role::canvas));
  painter->setRenderHint(QPainter::Antialiasing, false);
  const std::vector<double> ticks = valueTicks();
  const double spacing = ticks.size() > 1 ? ticks[1] - ticks[0] : 1, line = theme.px(14);
  const int decimals = tickDecimals(spacing);
  // Where decades stand closer than their words, every second (third …) one is named: never an uneven choice.
  int every = 1;
  if (ticks.size() > 2 && frame_.logarithmic && ticks[1] == 10 * ticks[0])
    while (every * (toPixels(0, ticks[0]).y() - toPixels(0, ticks[1]).y()) < line * 0.8 + 1) ++every;
  const auto named = [&](double tick) { return every == 1 || std::lround(std::log10(tick)) % every == 0; };
  const QStringList words = frame_.logarithmic ? logTickWords(ticks) : QStringList();
  painter->setFont(theme.font(Type::tick11));
  double lastY = 1e9;
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const double tick = ticks[i];
    const double y = std::round(toPixels(0, tick).y());
    painter->fillRect(QRectF(plot_.left(), y, plot_.width(), 1), theme.color(Role::grid));
    if (lastY - y < line * 0.8 || !named(tick)) continue;
    lastY = y;
    painter->setPen(theme.color(Role::text2));
    painter->drawText(QRectF(0, y - line / 2, left_ - 6, line), Qt::AlignRight | Qt::AlignVCenter,
                      frame_.logarithmic ? words[static_cast<qsizetype>(i)] : formatFixed(tick, decimals));
  }
  if (frame_.reference != 0 && frame_.reference > low_ && frame_.reference < high_) {
    QPen pen(theme.color(Role::edge), 1);
    pen.setDashPattern({2, 3});
    painter->setPen(pen);
    const double y = std::round(toPixels(0, frame_.reference).y()) + 0.5;
    painter->drawLine(QPointF(plot_.left(), y), QPointF(plot_.right(), y));
  }
  painter->setRenderHint(QPainter::Antialiasing);
}

void ChartView::drawForeground(QPainter* painter, const QRectF&) {
  painter->setRenderHint(QPainter::Antialiasing, false);
  drawMarks(*painter);
  painter->setRenderHint(QPainter::Antialiasing);
  if (stepLabels_) drawSteps(*painter);
  drawWords(*painter);
}

void ChartView::drawMarks(QPainter& painter) {
  const Theme& theme = Theme::instance();
  const auto vertical = [&](double step, QColor colour, double width) {
    painter.fillRect(
        QRectF(std::round(toPixels(step, low_).x()) - std::floor(width / 2), plot_.top(), width, plot_.height()),
        colour);
  };
  QColor edit = theme.color(Role::flag);
  edit.setAlphaF(0.5F);
  for (const double step : frame_.edits) vertical(step, edit, 1);
  if (frame_.playhead) {
    const double x = toPixels(*frame_.playhead, low_).x();
    QColor veil = theme.color(Role::canvas);
    veil.setAlphaF(0.75F);
    painter.fillRect(QRectF(x, plot_.top() - 2, plot_.right() - x + 1, plot_.height() + 2), veil);
    vertical(*frame_.playhead, theme.color(Role::accent), 2);
  }
  if (crosshair_ && *crosshair_ >= frame_.firstStep && *crosshair_ <= frame_.lastStep)
    vertical(*crosshair_, theme.color(Role::edge), 1);
  if (frame_.broken.empty()) return;
  painter.setFont(theme.font(Type::tick11));
  double last = -1e9;
  for (const double step : frame_.broken) {
    const double x = std::round(toPixels(step, low_).x());
    vertical(step, theme.color(Role::flag), 1);
    if (x - last < theme.px(34)) continue;
    last = x;
    painter.setPen(theme.color(Role::flagText));
    painter.drawText(QPointF(x + 3, plot_.top() + theme.px(10)), QStringLiteral("NaN"));
  }
}

void ChartView::drawSteps(QPainter& painter) {
  const Theme& theme = Theme::instance();
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text2));
  const double line = theme.px(14);
  const int most = std::max(1, static_cast<int>(plot_.width() / theme.px(plot_.width() < 200 ? 44 : 70)));
  const QFontMetricsF metrics(painter.font());
  for (const double step : stepTicks(frame_.firstStep, frame_.lastStep, most)) {
    const QString word = stepWord(step);
    const double w = metrics.horizontalAdvance(word) + 2, x = toPixels(step, low_).x();
    const double at = std::clamp(x - w / 2, plot_.left() - w / 2, std::max(plot_.left(), width() - w));
    painter.drawText(QRectF(at, height() - line, w, line), Qt::AlignCenter, word);
  }
}

QRectF ChartView::roomFor(QSizeF size) const {
  const QPointF at = toPixels(frame_.wordAt.x(), frame_.wordAt.y());
  std::vector<QRectF> boxes;
  for (const double away : {4.0, 12.0, 22.0, 34.0})
    for (const double side : {1.0, -1.0})
      for (const double up : {1.0, -1.0, 0.0}) {
        const QPointF centre = at + QPointF(side * (away + size.width() / 2), -up * (away + size.height() / 2));
        QRectF box(QPointF(), size);
        box.moveCenter(centre);
        box.moveLeft(
            std::clamp(box.left(), plot_.left() + 1, std::max(plot_.left() + 1, plot_.right() - size.width())));
        box.moveTop(std::clamp(box.top(), plot_.top(), std::max(plot_.top(), plot_.bottom() - size.height() - 1)));
        boxes.push_back(box);
      }
  std::vector<int> hidden(boxes.size(), 0);
  for (const ChartLine& line : frame_.lines) {
    for (std::size_t i = 1; i < line.points.size(); ++i) {
      const QPointF a = line.points[i - 1], b = line.points[i];
      if (!std::isfinite(a.y()) || !std::isfinite(b.y())) continue;
      const QPointF p = toPixels(a.x(), a.y()), q = toPixels(b.x(), b.y());
      const QRectF reach = QRectF(p, q).normalized().adjusted(0, -1, 0.01, 1);
      for (std::size_t c = 0; c < boxes.size(); ++c) hidden[c] += reach.intersects(boxes[c]) ? 1 : 0;
    }
  }
  return boxes[static_cast<std::size_t>(std::min_element(hidden.begin(), hidden.end()) - hidden.begin())];
}

void ChartView::drawWords(QPainter& painter) {
  const Theme& theme = Theme::instance();
  struct Word {
    double y;
    QString text;
    bool strong;
  };
  std::vector<Word> words;
  for (const ChartLine& line : frame_.lines) {
    const auto last =
        std::find_if(line.points.rbegin(), line.points.rend(), [](QPointF p) { return std::isfinite(p.y()); });
    if (line.word.isEmpty() || last == line.points.rend()) continue;
    words.push_back({std::clamp(toPixels(last->x(), last->y()).y(), plot_.top(), plot_.bottom()), line.word,
                     line.style == ChartLine::ink});
  }
  std::stable_sort(words.begin(), words.end(), [](const Word& a, const Word& b) { return a.y < b.y; });
  const double line = theme.px(13);
  for (std::size_t i = 1; i < words.size(); ++i) words[i].y = std::max(words[i].y, words[i - 1].y + line);
  for (const Word& word : words) {
    QFont font = theme.font(Type::tick11);
    if (word.strong) font.setWeight(QFont::DemiBold);
    painter.setFont(font);
    painter.setPen(theme.color(word.strong ? Role::text : Role::text2));
    painter.drawText(QRectF(plot_.right() + 5, word.y - line / 2, right_, line), Qt::AlignVCenter, word.text);
  }
  if (frame_.word.isEmpty()) return;
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(theme.color(Role::text2));
  const QFontMetricsF metrics(painter.font());
  const QRectF box = roomFor(QSizeF(metrics.horizontalAdvance(frame_.word) + 2, metrics.ascent()));
  painter.fillRect(box, theme.color(Role::canvas));
  painter.drawText(QPointF(box.left() + 1, box.bottom() - 2), frame_.word);
}

}  // namespace moe::ui
