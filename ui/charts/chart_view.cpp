// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_view.h"

#include <QGraphicsLayout>
#include <QMouseEvent>
#include <QtCharts/QChart>
#include <QtCharts/QLineSeries>
#include <QtCharts/QValueAxis>
#include <algorithm>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr double kInward = 0.27;       // share of the way inward per tick of a quarter of a second
constexpr std::size_t kMostGaps = 24;  // segments per style and line set

QPen penOf(ChartLine::Style style) {
  const Theme& theme = Theme::instance();
  QColor colour = theme.color(style == ChartLine::grey ? Role::soft : Role::text);
  switch (style) {
    case ChartLine::raw:
      colour.setAlphaF(0.22F);
      return QPen(colour, 1);
    case ChartLine::grey:
      return QPen(colour, 1);
    case ChartLine::dashed: {
      QPen pen(theme.color(Role::text2), 1.2);
      pen.setDashPattern({4, 3});
      return pen;
    }
    default:
      return QPen(colour, 2, Qt::SolidLine, Qt::FlatCap, Qt::RoundJoin);
  }
}

}  // namespace

ChartView::ChartView(QWidget* parent) : QChartView(parent), x_(new QValueAxis(this)), y_(new QValueAxis(this)) {
  QChart* canvas = chart();  // the view's own: another one would leave it to nobody
  canvas->setBackgroundVisible(false);
  canvas->setMargins({});
  canvas->legend()->hide();
  canvas->setAnimationOptions(QChart::NoAnimation);
  canvas->layout()->setContentsMargins(0, 0, 0, 0);
  canvas->addAxis(x_, Qt::AlignBottom);
  canvas->addAxis(y_, Qt::AlignLeft);
  x_->setVisible(false);
  y_->setVisible(false);
  setFrameShape(QFrame::NoFrame);
  setRenderHint(QPainter::Antialiasing);
  setMouseTracking(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setMinimumSize(60, 40);
  setFocusPolicy(Qt::NoFocus);
  viewport()->setFocusPolicy(Qt::NoFocus);  // QGraphicsView gives its viewport one of its own
  viewport()->setAutoFillBackground(false);
}

void ChartView::setPlotMargins(double left, double right, double bottom) {
  left_ = left;
  right_ = right;
  bottom_ = bottom;
  place();
}

void ChartView::setStepLabels(bool shown) {
  stepLabels_ = shown;
  viewport()->update();
}

void ChartView::setCrosshair(std::optional<double> step) {
  if (crosshair_ == step) return;
  crosshair_ = step;
  viewport()->update();
}

double ChartView::scaled(double value) const { return frame_.logarithmic ? std::log10(std::max(value, 1e-12)) : value; }

void ChartView::setFrame(ChartFrame frame) {
  if (frame.logarithmic != frame_.logarithmic) snap_ = true;
  frame_ = std::move(frame);
  ease();
  feed();
  place();
  viewport()->update();
}

void ChartView::ease() {
  const double low = frame_.low, high = frame_.high;
  easing_ = false;
  if (snap_ || Theme::instance().reducedMotion()) {
    snap_ = false;
    low_ = low;
    high_ = high;
    return;
  }
  // Outward at once, so that nothing is cut; inward slowly, so that the curve does not jump.
  const auto side = [&](double& now, double wanted, bool outward) {
    const double rest = std::abs(wanted - now);
    if (outward || rest < 0.01 * std::max(high - low, 1e-12)) {
      now = wanted;
      return;
    }
    now += kInward * (wanted - now);
    easing_ = true;
  };
  side(low_, low, low < low_);
  side(high_, high, high > high_);
}

void ChartView::addSeries(ChartLine::Style style) {
  pool_[style].push_back(new QLineSeries);
  // Qt Charts stacks by order of adding: what belongs above is taken out and added again.
  for (int s = style; s <= ChartLine::ink; ++s) {
    for (QLineSeries* series : pool_[s]) {
      if (s > style) chart()->removeSeries(series);
      if (s > style || series == pool_[style].back()) {
        chart()->addSeries(series);
        series->attachAxis(x_);
        series->attachAxis(y_);
      }
    }
  }
}

void ChartView::feed() {
  std::size_t used[4] = {};
  for (const ChartLine& line : frame_.lines) {
    auto& pool = pool_[line.style];
    const auto push = [&](const QList<QPointF>& points) {
      if (points.isEmpty()) return;
      if (used[line.style] == pool.size()) addSeries(line.style);
      QLineSeries* series = pool[used[line.style]++];
      const QPen pen = penOf(line.style);
      if (series->pen() != pen) series->setPen(pen);
      series->replace(points);
      series->setVisible(true);
    };
    // Qt Charts bridges points that are not numbers: a line with gaps is several series.
    QList<QPointF> points;
    std::size_t gaps = 0;
    for (const QPointF& p : line.points) {
      if (std::isfinite(p.y())) {
        points << QPointF(p.x(), scaled(p.y()));
      } else if (gaps < kMostGaps) {
        if (!points.isEmpty()) ++gaps;
        push(points);
        points.clear();
      }
    }
    push(points);
  }
  for (int style = 0; style < 4; ++style) {
    for (std::size_t i = used[style]; i < pool_[style].size(); ++i) pool_[style][i]->setVisible(false);
  }
}

void ChartView::place() {
  plot_ = QRectF(left_, 4, std::max(1.0, width() - left_ - right_), std::max(1.0, height() - 4 - bottom_));
  // Labels and mapToPosition keep the old geometry until a range is set after the area: area first, ranges second.
  chart()->setPlotArea(plot_);
  const double low = scaled(low_), high = scaled(high_);
  x_->setRange(frame_.firstStep, std::max(frame_.lastStep, frame_.firstStep + 1));
  y_->setRange(low, high > low ? high : low + 1);
}

QPointF ChartView::toPixels(double step, double value) const {
  const double span = std::max(frame_.lastStep - frame_.firstStep, 1.0), low = scaled(low_);
  const double height = scaled(high_) > low ? scaled(high_) - low : 1;
  return {plot_.left() + (step - frame_.firstStep) / span * plot_.width(),
          plot_.bottom() - (scaled(value) - low) / height * plot_.height()};
}

void ChartView::resizeEvent(QResizeEvent* event) {
  QChartView::resizeEvent(event);
  place();
}

void ChartView::mouseMoveEvent(QMouseEvent* event) {
  const QPointF p = event->position();
  if (p.x() < plot_.left() || p.x() > plot_.right()) {
    emit hovered(std::nullopt);
    return;
  }
  const double span = frame_.lastStep - frame_.firstStep;
  emit hovered(std::round(frame_.firstStep + (p.x() - plot_.left()) / plot_.width() * span));
}

void ChartView::mousePressEvent(QMouseEvent* event) { event->ignore(); }

void ChartView::leaveEvent(QEvent*) { emit hovered(std::nullopt); }

void ChartView::wheelEvent(QWheelEvent* event) { event->ignore(); }

}  // namespace moe::ui
