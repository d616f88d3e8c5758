// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_panel.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>
#include <limits>

#include "ui/bridge/selection.h"
#include "ui/charts/chart_view.h"
#include "ui/charts/step_ticks.h"
#include "ui/charts/word_button.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr std::size_t kMostLayers = 12;  // grey lines; of more layers those farthest from the mean
constexpr int kHalfLives[] = {0, 10, 50, 200, 1000};
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Farthest point of a line from the mean line, both over the same steps.
std::pair<QPointF, double> farthest(const std::vector<QPointF>& line, const std::vector<QPointF>& mean) {
  std::pair<QPointF, double> out{{}, 0};
  std::size_t m = 0;
  for (const QPointF& p : line) {
    if (!std::isfinite(p.y())) continue;
    while (m + 1 < mean.size() && mean[m + 1].x() <= p.x()) ++m;
    if (m >= mean.size() || !std::isfinite(mean[m].y())) continue;
    const double distance = std::abs(p.y() - mean[m].y());
    if (distance > out.second) out = {p, distance};
  }
  return out;
}

}  // namespace

int automaticHalfLife(qint64 horizon) {
  const double wanted = static_cast<double>(std::max<qint64>(horizon, 1)) / 200;
  int best = 2;
  for (const int steps : {2, 5, 10, 20, 50})
    if (std::abs(std::log(steps / wanted)) < std::abs(std::log(best / wanted))) best = steps;
  return best;
}

ChartPanel::ChartPanel(ChartSpec spec, RunHistory& history, QWidget* parent)
    : QWidget(parent), spec_(std::move(spec)), history_(history), main_(spec_.figure, spec_.lowerIsBetter) {
  title_ = new QLabel(spec_.title, this);
  figure_ = new QLabel(this);
  note_ = new QLabel(this);
  note_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  title_->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
  smooth_ = new WordButton(this);
  log_ = new WordButton(this);
  view_ = new ChartView(this);
  smooth_->setToolTip(
      tr("Smoothing of all charts: a moving average whose weights halve every so many steps.\n"
         "Automatic takes a two-hundredth of the run's planned length, from 2 to 50 steps,\n"
         "and less in the first steps: a twentieth of those so far.\n"
         "On a logarithmic scale it is the logarithms that are averaged."));
  auto* menu = new QMenu(smooth_);
  QAction* automatic = menu->addAction(QString(), this, [this] { emit halfLifeChosen(kAutomatic); });
  connect(menu, &QMenu::aboutToShow, this, [this, automatic] {
    automatic->setText(tr("Automatic: half-life %1 steps").arg(automaticHalfLife(history_.info().horizon)));
  });
  for (const int steps : kHalfLives)
    menu->addAction(steps == 0 ? tr("No smoothing") : tr("Half-life %1 steps").arg(formatCount(steps)), this,
                    [this, steps] { emit halfLifeChosen(steps); });
  smooth_->setMenu(menu);
  log_->setText(tr("log"));
  log_->setCheckable(true);
  log_->setToolTip(tr("Logarithmic scale of the loss"));
  log_->setVisible(spec_.logarithm);
  connect(log_, &QAbstractButton::toggled, this, &ChartPanel::setLogarithmic);
  connect(view_, &ChartView::hovered, this, &ChartPanel::hovered);

  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  auto* first = new QHBoxLayout;
  first->addWidget(title_, 1);
  first->addWidget(figure_);
  auto* second = new QHBoxLayout;
  second->setSpacing(4);
  second->addWidget(note_, 1);
  second->addWidget(smooth_);
  second->addWidget(log_);
  smooth_->setVisible(spec_.showBest);  // one place sets it for all charts
  column->addLayout(first);
  column->addLayout(second);
  column->addWidget(view_, 1);
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    dress();
    refresh();
  });
  dress();
  setCompact(true);
}

void ChartPanel::dress() {
  const Theme& theme = Theme::instance();
  const auto ink = [&](QWidget* label, Type type, Role role, bool bold) {
    QFont font = theme.font(type);
    if (bold) font.setWeight(QFont::DemiBold);
    label->setFont(font);
    QPalette palette = label->palette();
    palette.setColor(QPalette::WindowText, theme.color(role));
    palette.setColor(QPalette::ButtonText, theme.color(role));
    label->setPalette(palette);
    label->setFixedHeight(theme.px(16));
  };
  ink(title_, Type::figure12, Role::text, true);
  ink(figure_, Type::figure12, Role::text, true);
  ink(note_, Type::tick11, Role::text2, false);
  view_->setBackgroundBrush(theme.color(Role::canvas));
}

void ChartPanel::setCompact(bool compact) {
  compact_ = compact;
  const Theme& theme = Theme::instance();
  const double words = spec_.validation ? 36 : compact ? 6 : 36;
  view_->setPlotMargins(theme.px(compact ? 32 : 40), theme.px(words), theme.px(18));
  refresh();
}

void ChartPanel::setStepLabels(bool shown) {
  view_->setStepLabels(shown);
  const Theme& theme = Theme::instance();
  view_->setPlotMargins(theme.px(compact_ ? 32 : 40), theme.px(spec_.validation || !compact_ ? 36 : 6),
                        theme.px(shown ? 18 : 6));
}

void ChartPanel::setHalfLife(int steps, bool automatic) {
  automatic_ = automatic;
  halfLife_ = steps;
  smoothAll();
  refresh();
}

/// A half-life that a person chose is kept from the first step on.
Smoothing ChartPanel::smoothing() const { return {static_cast<double>(halfLife_), automatic_, logarithmic_}; }

void ChartPanel::smoothAll() {
  main_.setSmoothing(smoothing());
  for (ChartSeries& layer : layers_) layer.setSmoothing(smoothing());
}

void ChartPanel::setLogarithmic(bool on) {
  logarithmic_ = on && spec_.logarithm;
  log_->setChecked(logarithmic_);
  smoothAll();
  refresh();
}

void ChartPanel::setCrosshair(std::optional<double> step) {
  crosshair_ = step;
  view_->setCrosshair(step);
  words();
}

void ChartPanel::setSpec(ChartSpec spec) {
  spec.figure = spec_.figure;
  spec_ = std::move(spec);
  view_->snapRange();
  refresh();
}

void ChartPanel::forget() {
  main_.invalidate();
  layers_.clear();
  view_->snapRange();
}

int ChartPanel::bins() const { return std::clamp(view_->width(), 64, 1200); }

void ChartPanel::readSeries() {
  std::size_t count = 0;
  if (spec_.layer && !history_.steps().empty()) count = history_.steps().back().layers.size();
  if (layers_.size() != count) {
    layers_.clear();
    for (std::size_t l = 0; l < count; ++l) {
      const auto figure = spec_.layer;
      layers_.emplace_back(
          [figure, l](const StepRecord& r) { return l < r.layers.size() ? figure(r.layers[l]) : kNaN; });
      layers_.back().setSmoothing(smoothing());
    }
  }
  main_.setMostBins(bins());
  main_.update(history_);
  for (ChartSeries& layer : layers_) {
    layer.setMostBins(std::max(64, bins() / 2));  // thin grey context: half the points do
    layer.update(history_);
  }
}

void ChartPanel::layerLines(ChartFrame& frame) {
  if (layers_.size() < 2) return;
  const std::vector<QPointF> mean = main_.smooth();
  struct Candidate {
    std::size_t layer;
    std::vector<QPointF> points;
    std::pair<QPointF, double> far;
  };
  std::vector<Candidate> all;
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    auto points = layers_[l].smooth();
    const auto far = farthest(points, mean);
    all.push_back({l, std::move(points), far});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.far.second > b.far.second; });
  if (all.size() > kMostLayers) all.resize(kMostLayers);
  const Candidate& worst = all.front();
  frame.word = QStringLiteral("L%1").arg(layerNumber(static_cast<int>(worst.layer)));
  frame.wordAt = worst.far.first;
  const double away = worst.far.second;
  for (Candidate& candidate : all) frame.lines.push_back({ChartLine::grey, {}, std::move(candidate.points)});
  std::vector<std::vector<QPointF>> shown;
  for (const ChartLine& line : frame.lines) shown.push_back(line.points);
  double low = 0, high = 0;
  range(low, high, shown);
  if (away < 0.3 * (high - low)) frame.word.clear();  // nobody stands out
}

void ChartPanel::range(double& low, double& high, const std::vector<std::vector<QPointF>>& lines) const {
  const double last = static_cast<double>(history_.liveStep());
  const auto bounds = [&](double from, double& lo, double& hi) {
    lo = std::numeric_limits<double>::infinity();
    hi = -lo;
    for (const auto& line : lines) {
      for (const QPointF& p : line) {
        if (!std::isfinite(p.y()) || p.x() < from) continue;
        lo = std::min(lo, p.y());
        hi = std::max(hi, p.y());
      }
    }
  };
  bounds(0, low, high);
  if (spec_.hideWarmUp && !logarithmic_ && last > 40) {
    double lo = 0, hi = 0;
    bounds(last / 10, lo, hi);
    if (hi > lo && high - low > 1.4 * (hi - lo)) {
      low = lo;
      high = hi;
    }
  }
  low = std::max(low, std::min(spec_.least, high));
  if (!(high >= low)) {
    low = 0;
    high = 1;
  }
  if (spec_.reference != 0) {
    low = std::min(low, spec_.reference);
    high = std::max(high, spec_.reference);
  }
  const double missing = std::max(spec_.floorSpan, 1e-9 * std::max(1.0, std::abs(high))) - (high - low);
  if (missing > 0) {
    low -= missing / 2;
    high += missing / 2;
  }
  if (logarithmic_) {
    low = std::max(low * 0.97, 1e-9);
    high *= 1.03;
    return;
  }
  const double pad = 0.06 * (high - low);
  const bool counts = low >= 0;
  low -= pad;
  high += pad;
  if (counts) low = std::max(low, 0.0);
  low = std::max(low, spec_.least);
}

bool ChartPanel::refresh() {
  readSeries();
  ChartFrame frame;
  frame.lastStep = static_cast<double>(std::max<qint64>(history_.liveStep(), 1));
  layerLines(frame);
  if (halfLife_ > 0 && layers_.size() < 2) frame.lines.push_back({ChartLine::raw, {}, main_.raw()});
  if (spec_.validation) {
    ChartLine line{ChartLine::dashed, tr("valid."), {}};
    for (const auto& eval : history_.evals()) line.points.emplace_back(static_cast<double>(eval.step), eval.loss);
    if (!line.points.empty()) frame.lines.push_back(std::move(line));
  }
  const QString end = spec_.validation ? tr("train") : compact_ ? QString() : spec_.word;
  frame.lines.push_back({ChartLine::ink, end, main_.smooth()});
  std::vector<std::vector<QPointF>> shown;
  for (const ChartLine& line : frame.lines) shown.push_back(line.points);
  range(frame.low, frame.high, shown);
  for (const auto& edit : history_.edits()) frame.edits.push_back(static_cast<double>(edit.step));
  // Only a loss that is no number is broken; other figures may be absent for a while (a router without such a loss).
  if (spec_.validation)
    for (const auto step : main_.brokenSteps()) frame.broken.push_back(static_cast<double>(step));
  if (!history_.isLive()) frame.playhead = static_cast<double>(history_.viewStep());
  frame.logarithmic = logarithmic_;
  frame.reference = spec_.reference;
  if (history_.state() != QLatin1String("running")) view_->snapRange();  // nothing moves that the eye should follow
  view_->setFrame(std::move(frame));
  words();
  return view_->easing();
}

QString ChartPanel::figureText() const {
  const qint64 step = crosshair_ ? static_cast<qint64>(*crosshair_) : history_.viewStep();
  return valueText(main_.valueAt(history_, step));
}

/// 0.0123, and on a logarithmic scale 3.1e−7 rather than 0.0000.
QString ChartPanel::valueText(double value) const {
  const bool small = logarithmic_ && value > 0 && value < 100 * std::pow(10, -spec_.decimals);
  return small ? exponentText(value, 1) : formatFixed(value, spec_.decimals);
}

QString ChartPanel::noteText(bool brief) const {
  if (history_.steps().empty()) return tr("no steps yet");
  if (crosshair_) return tr("at step %1").arg(formatCount(static_cast<qint64>(*crosshair_)));
  QStringList parts;
  if (spec_.showBest) {
    const auto [step, best] = main_.bestUpTo(history_.viewStep());
    if (step > 0 && brief) parts << tr("best %1").arg(valueText(best));
    if (step > 0 && !brief) parts << tr("best %1 at %2").arg(valueText(best), formatCount(step));
  }
  if (!spec_.note.isEmpty()) parts << spec_.note;
  if (layers_.size() > kMostLayers) parts << tr("%1 of %2 layers").arg(kMostLayers).arg(layers_.size());
  if (!compact_ && spec_.showBest && main_.stepsPerBin() > 1) parts << tr("min–max per pixel");
  return parts.join(QStringLiteral(" · "));
}

void ChartPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  layout()->activate();
  words();
}

void ChartPanel::words() {
  const QString figure = figureText(), note = noteText();
  const auto put = [](QLabel* label, const QString& text) {  // narrow charts show where words were cut
    const QString shown = label->fontMetrics().elidedText(text, Qt::ElideRight, std::max(label->width(), 24));
    if (label->text() != shown) label->setText(shown);
  };
  if (figure_->text() != figure) figure_->setText(figure);
  put(title_, !compact_ && !spec_.wideTitle.isEmpty() ? spec_.wideTitle : spec_.title);
  put(note_, note_->fontMetrics().horizontalAdvance(note) <= note_->width() ? note : noteText(true));
  const bool narrow = width() < Theme::instance().px(264);  // beside "best 1.99 at 12,921"
  const qint64 at = history_.viewStep();
  const int now = at > 0 ? std::max(1, static_cast<int>(std::lround(smoothing().halfLifeAt(at)))) : halfLife_;
  QString smooth = halfLife_ <= 0 ? tr("not smoothed")
                   : narrow       ? tr("EMA %1").arg(now)
                                  : tr("EMA, half-life %1").arg(now);
  const bool tight = width() < Theme::instance().px(190);  // the tooltip tells it too
  if (halfLife_ > 0 && automatic_ && !tight) smooth += tr(" (auto)");
  if (smooth_->text() != smooth) smooth_->setText(smooth);
  const QString name = QStringLiteral("%1 %2, %3").arg(spec_.title, figure, note);
  if (accessibleName() != name) setAccessibleName(name);
}

}  // namespace moe::ui
