// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/charts_panel.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLocale>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "ui/bridge/selection.h"
#include "ui/charts/chart_view.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

// Qt Charts at 4 Hz: at 10 Hz four of them were 40 % of the window's work, and lines of a whole run move slowly.
constexpr int kTickMs = 250;
constexpr int kThroughput = 4, kDropped = 5, kFiveFrom = 900;

using LayerFigure = std::function<double(const train::LayerReport&)>;

/// Mean over the layers that report the figure.
StepFigure meanOf(LayerFigure figure) {
  return [figure = std::move(figure)](const StepRecord& report) {
    double sum = 0;
    int count = 0;
    for (const auto& layer : report.layers) {
      const double v = figure(layer);
      if (!std::isfinite(v)) continue;
      sum += v;
      ++count;
    }
    return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
  };
}

ChartSpec ofLayers(const QString& title, const QString& note, LayerFigure figure) {
  ChartSpec spec;
  spec.title = title;
  spec.note = note;
  spec.word = ChartsPanel::tr("mean");
  spec.figure = meanOf(figure);
  spec.layer = std::move(figure);
  spec.hideWarmUp = true;  // a router settles in its first steps; what an edit does later is a tenth of that
  return spec;
}

std::vector<ChartSpec> specs() {
  std::vector<ChartSpec> out;
  ChartSpec loss;
  loss.title = ChartsPanel::tr("Task loss");
  loss.figure = [](const StepRecord& r) { return r.loss; };
  loss.showBest = loss.validation = loss.logarithm = loss.hideWarmUp = true;
  loss.floorSpan = 0.02;
  out.push_back(loss);
  ChartSpec balance = ofLayers(ChartsPanel::tr("Balance loss"), ChartsPanel::tr("1.0 = balanced"),
                               [](const auto& l) { return l.balance_loss; });
  balance.reference = 1;
  balance.floorSpan = 0.1;
  out.push_back(balance);
  ChartSpec cv = ofLayers(ChartsPanel::tr("Load CV"), ChartsPanel::tr("mean, layers in grey"),
                          [](const auto& l) { return l.load_cv; });
  cv.floorSpan = 0.1;
  out.push_back(cv);
  ChartSpec entropy = ofLayers(ChartsPanel::tr("Entropy"), ChartsPanel::tr("share of maximum"),
                               [](const auto& l) { return l.entropy; });
  entropy.lowerIsBetter = false;
  entropy.floorSpan = 0.05;
  out.push_back(entropy);
  ChartSpec speed;
  speed.title = ChartsPanel::tr("Throughput");
  speed.note = ChartsPanel::tr("thousand tokens a second");
  speed.figure = [](const StepRecord& r) { return r.tokens_per_second / 1000; };
  speed.decimals = 1;
  speed.lowerIsBetter = false;
  speed.hideWarmUp = true;
  speed.floorSpan = 1;
  out.push_back(speed);
  ChartSpec dropped;
  dropped.title = ChartsPanel::tr("Dropped");
  dropped.note = ChartsPanel::tr("% of choices");
  dropped.figure = [](const StepRecord& r) { return 100 * droppedShare(r); };
  dropped.decimals = 1;
  dropped.floorSpan = 1;
  out.push_back(dropped);
  return out;
}

QString number(double v) {
  return std::isfinite(v) ? QString::number(v, 'g', QLocale::FloatingPointShortest) : QString();
}

}  // namespace

ChartsPanel::ChartsPanel(RunHistory& history, Selection& selection, QWidget* parent)
    : Panel(tr("Charts"), history, selection, parent) {
  headerLayout()->parentWidget()->hide();  // every chart carries its own title
  auto* body = new QWidget;
  grid_ = new QGridLayout(body);
  grid_->setContentsMargins(0, 0, 0, 0);
  for (ChartSpec& spec : specs()) {
    auto* chart = new ChartPanel(std::move(spec), history, body);
    connect(chart, &ChartPanel::hovered, this, [this](std::optional<double> step) {
      for (ChartPanel* each : charts_) each->setCrosshair(step);
    });
    connect(chart, &ChartPanel::halfLifeChosen, this, &ChartsPanel::setHalfLife);
    charts_.push_back(chart);
  }
  setBody(body);
  timer_.setSingleShot(true);
  connect(&timer_, &QTimer::timeout, this, &ChartsPanel::refreshNow);
  connect(&history, &RunHistory::runChanged, this, [this] {
    for (ChartPanel* chart : charts_) chart->forget();
    const auto drops = [](const StepRecord& r) { return std::isfinite(droppedShare(r)); };
    drops_ = std::any_of(history_.steps().begin(), history_.steps().end(), drops);
    rearrange();
    useHalfLife();
  });
  useHalfLife();
  arrange();
}

void ChartsPanel::setCompact(bool compact) {
  if (compact == compact_) return;
  compact_ = compact;
  arrange();
}

void ChartsPanel::setHalfLife(int steps) {
  chosen_ = steps;
  useHalfLife();
}

void ChartsPanel::useHalfLife() {
  const int before =
      std::exchange(halfLife_, chosen_ == kAutomatic ? automaticHalfLife(history_.info().horizon) : chosen_);
  for (ChartPanel* chart : charts_) chart->setHalfLife(halfLife_, chosen_ == kAutomatic);
  if (halfLife_ != before) emit halfLifeChanged(halfLife_);
}

/// A row has room for four, a wide one for five; a capacity that drops tokens matters more than the speed.
bool ChartsPanel::isShown(int chart) const {
  const bool five = !compact_ || width() >= Theme::instance().px(kFiveFrom);
  if (chart == kDropped) return drops_ && five;
  if (chart == kThroughput) return five && (!compact_ || !drops_);
  return true;
}

void ChartsPanel::arrange() {
  const Theme& theme = Theme::instance();
  while (QLayoutItem* item = grid_->takeAt(0)) delete item;
  const int count = charts();
  const int lowest = drops_ ? kDropped : kThroughput;  // of the column: it carries the steps
  for (int i = 0; i < count; ++i) {
    ChartPanel* chart = charts_[static_cast<std::size_t>(i)];
    const bool shown = isShown(i);
    chart->setVisible(shown);
    chart->setCompact(compact_);
    chart->setStepLabels(compact_ || i == lowest);
    if (compact_)
      grid_->addWidget(chart, 0, i);
    else
      grid_->addWidget(chart, i, 0);
    grid_->setColumnStretch(i, compact_ ? (i == 0 ? 26 : shown ? 12 : 0) : (i == 0 ? 1 : 0));
    grid_->setRowStretch(i, compact_ ? (i == 0 ? 1 : 0) : (i == 0 ? 5 : shown ? 3 : 0));
  }
  shownCount_ = static_cast<int>(std::count_if(charts_.begin(), charts_.end(), [](auto* c) { return !c->isHidden(); }));
  grid_->setHorizontalSpacing(compact_ ? theme.px(22) : 0);
  grid_->setVerticalSpacing(compact_ ? 0 : theme.px(10));
}

void ChartsPanel::resizeEvent(QResizeEvent* event) {
  Panel::resizeEvent(event);
  rearrange();
  if (isVisible()) timer_.start(0);  // pixels per bin may have changed
}

void ChartsPanel::rearrange() {
  int wanted = 0;
  for (int i = 0; i < charts(); ++i) wanted += isShown(i) ? 1 : 0;
  const bool swapped = isShown(kDropped) == charts_[kDropped]->isHidden();
  if (wanted != shownCount_ || swapped) arrange();
}

void ChartsPanel::refresh() {
  // Drops are absent until a router with a capacity reports them; once seen, their chart stays for this run.
  if (!drops_ && !history_.steps().empty() && std::isfinite(droppedShare(history_.steps().back()))) {
    drops_ = true;
    rearrange();
  }
  const bool looking = !history_.isLive() || history_.state() != QLatin1String("running");
  if (looking || !since_.isValid() || since_.elapsed() >= kTickMs)
    refreshNow();
  else if (!timer_.isActive())
    timer_.start(static_cast<int>(kTickMs - since_.elapsed()));
}

void ChartsPanel::refreshNow() {
  since_.start();
  bool easing = false;
  for (ChartPanel* chart : charts_) easing = (chart->isVisible() && chart->refresh()) || easing;
  if (easing && !timer_.isActive()) timer_.start(kTickMs);
}

PanelTable ChartsPanel::table() const {
  PanelTable out;
  out.columns = {"step", "loss", "validation_loss", "grad_norm", "learning_rate", "tokens_per_second", "top_k"};
  if (drops_) out.columns << QStringLiteral("dropped_share");
  const std::size_t layers = history_.steps().empty() ? 0 : history_.steps().back().layers.size();
  for (std::size_t l = 0; l < layers; ++l) {
    for (const char* name : {"balance_loss", "load_cv", "entropy"})
      out.columns << QStringLiteral("%1_L%2").arg(QLatin1String(name)).arg(layerNumber(static_cast<int>(l)));
  }
  std::map<qint64, double> evals;
  for (const auto& eval : history_.evals()) evals[eval.step] = eval.loss;
  out.rows.reserve(history_.steps().size());
  for (const auto& r : history_.steps()) {
    const auto eval = evals.find(r.step);
    QStringList row{QString::number(r.step), number(r.loss), eval == evals.end() ? QString() : number(eval->second),
                    number(r.grad_norm),     number(r.lr),   number(r.tokens_per_second),
                    QString::number(r.top_k)};
    if (drops_) row << number(droppedShare(r));
    for (std::size_t l = 0; l < layers; ++l) {
      const bool known = l < r.layers.size();
      row << (known ? number(r.layers[l].balance_loss) : QString()) << (known ? number(r.layers[l].load_cv) : QString())
          << (known ? number(r.layers[l].entropy) : QString());
    }
    out.rows.push_back(std::move(row));
  }
  return out;
}

}  // namespace moe::ui
