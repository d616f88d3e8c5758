// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/probe_parts.h"

#include <QFontMetricsF>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/panels/plane_paint.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kMostRows = 16;

QString signedFigure(double value) {
  const QString text = formatFixed(value, 2);
  return value > 0 ? QLatin1Char('+') + text : text;
}

}  // namespace

std::optional<NearestPoint> nearestPoint(const protocol::PlanePoints& points, double x, double y) {
  std::optional<NearestPoint> out;
  for (const auto* sample : {&points.train, &points.held_out})
    for (int i = 0; i < sample->size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double away = std::hypot(double{sample->xy[2 * at]} - x, double{sample->xy[2 * at + 1]} - y);
      if (away > kNear || (out && away >= out->distance)) continue;
      out = {away, points.classes > 0 ? int{sample->label[at]} : -1,
             points.classes > 0 ? 0.0 : double{sample->value[at]}};
    }
  return out;
}

double probeFigure(const protocol::PlaneProbe& probe, const std::vector<float>& values, std::size_t base) {
  const auto classes = static_cast<std::size_t>(probe.classes);
  if (values.size() < base + std::max<std::size_t>(classes, 1)) return std::nan("");
  if (classes == 2) return double{values[base]} - double{values[base + 1]};
  if (classes > 2) return values[base + static_cast<std::size_t>(std::max(probe.winner, 0))];
  return values[base];
}

double probeWeight(const protocol::PlaneProbe& probe, int expert) {
  for (std::size_t k = 0; k < probe.chosen.size() && k < probe.weights.size(); ++k)
    if (probe.chosen[k] == expert) return probe.weights[k];
  return 0;
}

void ProbePart::setProbe(ProbeRef probe) {
  const bool resized = !probe_ || !probe || probe_->experts != probe->experts || probe_->top_k != probe->top_k;
  probe_ = std::move(probe);
  if (resized) updateGeometry();
  update();
}

double ProbePart::rowHeight() const { return Theme::instance().px(21); }

QSize ProbePart::sizeHint() const { return {Theme::instance().px(240), static_cast<int>(rows() * rowHeight())}; }

void ProbePart::paintHead(QPainter& painter, double y, int expert, bool asked) const {
  const Theme& theme = Theme::instance();
  const double side = theme.px(10);
  const QRectF box(0.75, y + (rowHeight() - side) / 2, side, side);
  painter.setPen(asked ? QPen(Qt::NoPen) : QPen(planeHue(expert), 1.5));
  painter.setBrush(asked ? QBrush(planeHue(expert)) : QBrush(Qt::NoBrush));
  painter.drawRoundedRect(box, 1.5, 1.5);
  QFont font = theme.font(Type::caption12);
  if (asked) font.setWeight(QFont::DemiBold);
  painter.setFont(font);
  painter.setPen(theme.color(asked ? Role::text : Role::text2));
  painter.drawText(QRectF(theme.px(18), y, theme.px(34), rowHeight()), Qt::AlignVCenter | Qt::AlignLeft,
                   QStringLiteral("E%1").arg(expert + 1));
}

// ---- router -----------------------------------------------------------------------------------------------------

int ProbeBars::rows() const { return probe_ ? std::min(probe_->experts, kMostRows) : 0; }

void ProbeBars::paintEvent(QPaintEvent*) {
  if (!probe_) return;
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  for (int e = 0; e < rows(); ++e) {
    const double y = e * rowHeight(), share = probe_->probabilities[static_cast<std::size_t>(e)];
    const bool asked = probeWeight(*probe_, e) > 0;
    paintHead(painter, y, e, asked);
    const double left = theme.px(44), right = width() - theme.px(44);
    drawTrackBar(painter, QRectF(left, y + (rowHeight() - theme.px(8)) / 2, right - left, theme.px(8)), share,
                 asked ? planeHue(e) : theme.color(Role::edge));
    painter.setPen(theme.color(asked ? Role::text : Role::text2));
    painter.drawText(QRectF(right, y, width() - right, rowHeight()), Qt::AlignVCenter | Qt::AlignRight,
                     formatPercent(share, 0));
  }
}

// ---- answers ----------------------------------------------------------------------------------------------------

int ProbeAnswers::rows() const { return probe_ ? std::min(probe_->experts, kMostRows) : 0; }

void ProbeAnswers::paintEvent(QPaintEvent*) {
  if (!probe_) return;
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto outputs = static_cast<std::size_t>(std::max(probe_->classes, 1));
  std::vector<double> figures;
  double most = 1e-6;
  for (int e = 0; e < rows(); ++e) {
    figures.push_back(probeFigure(*probe_, probe_->answers, static_cast<std::size_t>(e) * outputs));
    if (std::isfinite(figures.back())) most = std::max(most, std::abs(figures.back()));
  }
  const double left = theme.px(44), right = width() - theme.px(56), middle = (left + right) / 2;
  painter.setPen(QPen(theme.color(Role::soft), 1));
  painter.drawLine(QPointF(middle, 2), QPointF(middle, height() - 2));
  for (int e = 0; e < rows(); ++e) {
    const double y = e * rowHeight(), centre = y + rowHeight() / 2, figure = figures[static_cast<std::size_t>(e)];
    const bool asked = probeWeight(*probe_, e) > 0;
    paintHead(painter, y, e, asked);
    if (!std::isfinite(figure)) continue;
    // Class A, the positive side, is on the right.
    const double x = middle + figure / most * (right - left) / 2;
    const QColor ink = asked ? planeHue(e) : theme.color(Role::edge);
    painter.setPen(QPen(ink, asked ? 2.5 : 1));
    painter.drawLine(QPointF(middle, centre), QPointF(x, centre));
    painter.setPen(QPen(ink, 1.5));
    painter.setBrush(asked ? QBrush(ink) : QBrush(theme.color(Role::dock)));
    painter.drawEllipse(QPointF(x, centre), theme.px(3), theme.px(3));
    painter.setPen(theme.color(asked ? Role::text : Role::text2));
    painter.drawText(QRectF(right, y, width() - right, rowHeight()), Qt::AlignVCenter | Qt::AlignRight,
                     signedFigure(figure));
  }
}

// ---- sum --------------------------------------------------------------------------------------------------------

double ProbeSum::sum(const protocol::PlaneProbe& probe) { return probeFigure(probe, probe.output, 0); }

int ProbeSum::rows() const {
  if (!probe_) return 0;
  const auto asked = std::count_if(probe_->chosen.begin(), probe_->chosen.end(), [](int e) { return e >= 0; });
  return static_cast<int>(asked) + 2;
}

void ProbeSum::paintEvent(QPaintEvent*) {
  if (!probe_) return;
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const auto outputs = static_cast<std::size_t>(std::max(probe_->classes, 1));
  const double partLeft = width() - theme.px(64);
  double y = 0;
  const auto right = [&](double x, double w, const QString& text) {
    painter.drawText(QRectF(x, y, w, rowHeight()), Qt::AlignVCenter | Qt::AlignRight, text);
  };
  for (std::size_t k = 0; k < probe_->chosen.size(); ++k) {
    const int e = probe_->chosen[k];
    if (e < 0) continue;
    const double answer = probeFigure(*probe_, probe_->answers, static_cast<std::size_t>(e) * outputs);
    const double weight = probe_->weights[k];
    paintHead(painter, y, e, true);
    painter.setFont(theme.font(Type::caption12));
    painter.setPen(theme.color(Role::text2));
    // A narrow card drops the sign that the column says anyway, before anything is painted over the name.
    const double begin = theme.px(38), room = partLeft - theme.px(2) - begin;
    const QFontMetricsF metrics(painter.font());
    QString words = tr("%1 ×  %2  =").arg(formatFixed(weight, 3), signedFigure(answer));
    if (metrics.horizontalAdvance(words) > room) {
      words = tr("%1 × %2").arg(formatFixed(weight, 2), signedFigure(answer));
      painter.setFont(theme.font(Type::tick11));
    }
    right(begin, room, words);
    painter.setFont(theme.font(Type::caption12));
    painter.setPen(theme.color(Role::text));
    right(partLeft, width() - partLeft, signedFigure(weight * answer));
    y += rowHeight();
  }
  painter.setFont(theme.font(Type::caption12));
  painter.setPen(theme.color(Role::text2));
  painter.drawText(QRectF(theme.px(18), y, width(), rowHeight()), Qt::AlignVCenter | Qt::AlignLeft,
                   tr("rest of the model"));
  right(partLeft, width() - partLeft, signedFigure(probeFigure(*probe_, probe_->base, 0)));
  y += rowHeight();
  painter.setPen(QPen(theme.color(Role::soft), 1));
  painter.drawLine(QPointF(0, y - 0.5), QPointF(width(), y - 0.5));
  painter.setFont(theme.font(Type::title13));
  painter.setPen(theme.color(Role::text));
  painter.drawText(QRectF(0, y, width(), rowHeight()), Qt::AlignVCenter | Qt::AlignLeft, tr("Sum"));
  right(partLeft, width() - partLeft, signedFigure(sum(*probe_)));
}

}  // namespace moe::ui
