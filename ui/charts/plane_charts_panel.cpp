// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/plane_charts_panel.h"

#include <QHBoxLayout>
#include <QLocale>
#include <QTabBar>
#include <QVBoxLayout>
#include <cmath>
#include <utility>

#include "ui/charts/chart_view.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kTickMs = 100;    // Qt Charts at 10 Hz
constexpr int kBothFrom = 250;  // height that holds two charts

ChartSpec lossSpec() {
  ChartSpec spec;
  spec.title = PlaneChartsPanel::tr("Task loss");
  spec.figure = [](const StepRecord& r) { return r.loss; };
  spec.decimals = 4;
  spec.logarithm = spec.showBest = true;
  spec.floorSpan = 0.0005;
  return spec;
}

/// Accuracy of classes, R² of values. R² has no lower end, and below 0 it says only that the mean would do better.
ChartSpec qualitySpec(bool values) {
  ChartSpec spec;
  spec.title = values ? PlaneChartsPanel::tr("R²") : PlaneChartsPanel::tr("Accuracy");
  spec.note = values ? PlaneChartsPanel::tr("of the batch, from 0 up") : PlaneChartsPanel::tr("% of the batch");
  spec.figure = planeQuality;
  spec.decimals = values ? 3 : 1;
  spec.lowerIsBetter = false;
  spec.floorSpan = values ? 0.05 : 0.5;
  if (values) spec.least = 0;
  return spec;
}

QString number(double v) {
  return std::isfinite(v) ? QString::number(v, 'g', QLocale::FloatingPointShortest) : QString();
}

}  // namespace

double planeQuality(const StepRecord& step) { return std::isfinite(step.accuracy) ? 100 * step.accuracy : step.r2; }

PlaneChartsPanel::PlaneChartsPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Charts"), history, selection, parent) {
  tabs_ = new QTabBar;
  tabs_->setDrawBase(false);
  tabs_->setExpanding(false);
  tabs_->setAccessibleName(tr("Charts"));
  tabs_->setFont(Theme::instance().font(Type::title13));
  tabs_->addTab(tr("Task loss"));
  tabs_->addTab(tr("Accuracy"));
  setTitleWidget(tabs_);
  auto* body = new QWidget;
  auto* column = new QVBoxLayout(body);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(Theme::instance().px(10));
  loss_ = new ChartPanel(lossSpec(), history, body);
  quality_ = new ChartPanel(qualitySpec(false), history, body);
  loss_->setLogarithmic(true);
  for (ChartPanel* chart : {loss_, quality_}) {
    column->addWidget(chart, 1);
    chart->setCompact(true);
    connect(chart, &ChartPanel::halfLifeChosen, this, &PlaneChartsPanel::setHalfLife);
    connect(chart, &ChartPanel::hovered, this, [this](std::optional<double> step) {
      loss_->setCrosshair(step);
      quality_->setCrosshair(step);
    });
  }
  setBody(body);
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &PlaneChartsPanel::refreshNow);
  connect(tabs_, &QTabBar::currentChanged, this, &PlaneChartsPanel::arrange);
  connect(&history, &RunHistory::runChanged, this, [this] {
    loss_->forget();
    quality_->forget();
    setHalfLife(chosen_);
  });
  setHalfLife(kAutomatic);
  arrange();
}

void PlaneChartsPanel::setHalfLife(int steps) {
  chosen_ = steps;
  const int used = steps == kAutomatic ? automaticHalfLife(history_.info().horizon) : steps;
  for (ChartPanel* chart : {loss_, quality_}) chart->setHalfLife(used, steps == kAutomatic);
}

void PlaneChartsPanel::arrange() {
  const bool both = height() >= Theme::instance().px(kBothFrom);
  loss_->setVisible(both || tabs_->currentIndex() == 0);
  quality_->setVisible(both || tabs_->currentIndex() == 1);
  tabs_->parentWidget()->setVisible(!both);
  if (isVisible()) refreshNow();
}

void PlaneChartsPanel::resizeEvent(QResizeEvent* event) {
  Panel::resizeEvent(event);
  arrange();
}

void PlaneChartsPanel::refresh() {
  const bool looking = !history_.isLive() || history_.state() != QLatin1String("running");
  if (looking || !since_.isValid() || since_.elapsed() >= kTickMs)
    refreshNow();
  else if (!timer_.isActive())
    timer_.start(static_cast<int>(kTickMs - since_.elapsed()));
}

void PlaneChartsPanel::refreshNow() {
  since_.start();
  const bool values = !history_.steps().empty() && std::isfinite(history_.steps().back().r2);
  if (std::exchange(values_, values) != values) {
    quality_->setSpec(qualitySpec(values));
    tabs_->setTabText(1, quality_->spec().title);
  }
  bool easing = false;
  for (ChartPanel* chart : {loss_, quality_}) easing = (chart->isVisible() && chart->refresh()) || easing;
  if (easing && !timer_.isActive()) timer_.start(kTickMs);
}

PanelTable PlaneChartsPanel::table() const {
  PanelTable out;
  out.columns = {"step", "loss", "accuracy", "r2"};
  for (const auto& step : history_.steps())
    out.rows.push_back({QString::number(step.step), number(step.loss), number(step.accuracy), number(step.r2)});
  return out;
}

}  // namespace moe::ui
