// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_present.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QPainter>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/charts/chart_panel.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/colour_bar.h"
#include "ui/panels/expert_axis.h"
#include "ui/panels/expert_thumbs_panel.h"
#include "ui/panels/plane_panel.h"
#include "ui/panels/routing_map_view.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/health.h"
#include "ui/widgets/knob_row.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/timeline.h"

namespace moe::ui {
namespace {

constexpr int kSideWidth = 300;

}  // namespace

PresentPage::PresentPage(RunController& controller, Selection& selection, const QStringList& controls, QWidget* parent)
    : QWidget(parent), controller_(controller) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("presentPage"));
  setAccessibleName(tr("Present"));
  setGround(this, Role::canvas);
  auto* page = new QVBoxLayout(this);
  page->setContentsMargins(0, 0, 0, 0);
  page->setSpacing(0);
  auto* column = new QVBoxLayout;
  page->addLayout(column, 1);
  column->setContentsMargins(theme.px(22), theme.px(12), theme.px(22), theme.px(14));
  column->setSpacing(theme.px(8));
  column->addWidget(buildHead());
  headline_ = new TypeLabel(QString(), Type::headline22, Role::text, this);
  headline_->setWordWrap(true);
  headline_->setObjectName(QStringLiteral("presentHeadline"));
  column->addWidget(headline_);
  auto* row = new QHBoxLayout;
  row->setSpacing(theme.px(24));
  picture_ = buildPicture(selection);
  side_ = buildSide(selection, controls);
  row->addWidget(picture_, 1);
  row->addWidget(side_);
  column->addLayout(row, 1);
  if (!controller.plane().active()) page->addWidget(buildFoot());
  clock_.setInterval(200);
  connect(&clock_, &QTimer::timeout, this, &PresentPage::refresh);
  clock_.start();
  connect(&controller.history(), &RunHistory::runChanged, this, &PresentPage::refresh);
  connect(&controller, &RunController::stateChanged, this, &PresentPage::refresh);
  connect(&controller, &RunController::knobApplied, this,
          [this](const QString& key, const QString& before, const QString& after, qint64 step) {
            KnobRow* changed = knob(key);
            if (!changed) return;
            changed->setValue(valueFromText(after.toStdString()));
            changed->showEdit(before, after, step, tr("Leave Present to take it back"));
          });
  refresh();
}

QWidget* PresentPage::buildHead() {
  const Theme& theme = Theme::instance();
  auto* head = new QWidget(this);
  auto* row = new QHBoxLayout(head);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(theme.px(8));
  run_ = new RunButton(head);
  auto* step = new IconButton(Icon::step, tr("Train one step ( . )"), head);
  auto* restart = new IconButton(Icon::restart, tr("Start over with the same seed (Ctrl+R)"), head);
  connect(run_, &RunButton::clicked, this, &PresentPage::runWanted);
  connect(step, &IconButton::clicked, this, &PresentPage::stepWanted);
  connect(restart, &IconButton::clicked, this, &PresentPage::restartWanted);
  counter_ = new TypeLabel(QString(), Type::step40, Role::text, head);
  counter_->setObjectName(QStringLiteral("presentCounter"));
  auto* word = new TypeLabel(tr("step"), Type::card15, Role::text2, head);
  name_ = new TypeLabel(QString(), Type::control13, Role::text2, head);
  auto* leave = new LinkButton(tr("Esc leaves"), Role::text2, head);
  connect(leave, &LinkButton::clicked, this, &PresentPage::leaveWanted);
  for (QWidget* part : std::initializer_list<QWidget*>{run_, step, restart}) row->addWidget(part);
  row->addSpacing(theme.px(16));
  row->addWidget(counter_);
  word->setContentsMargins(0, 0, 0, theme.px(8));
  row->addWidget(word, 0, Qt::AlignBottom);
  row->addStretch(1);
  row->addWidget(name_);
  row->addWidget(leave);
  return head;
}

QWidget* PresentPage::buildPicture(Selection& selection) {
  auto* box = new QWidget(this);
  auto* column = new QVBoxLayout(box);
  column->setContentsMargins(0, 0, 0, 0);
  if (!controller_.plane().active()) {
    map_ = new RoutingMapView(controller_.history(), selection, box);
    map_->setRoomy(true);
    scale_ = new ColourBar(box);
    column->setSpacing(Theme::instance().px(10));
    column->addWidget(map_, 1);
    auto* foot = new QHBoxLayout;
    foot->addSpacing(static_cast<int>(ExpertAxis::of(*map_, 1).left));  // under the first expert
    foot->addWidget(scale_);
    foot->addStretch(1);
    column->addLayout(foot);
    column->addStretch(0);
    connect(&controller_.history(), &RunHistory::updated, this, &PresentPage::refreshMap);
    refreshMap();
    return box;
  }
  auto* view = new PlaneView(controller_.history(), controller_.plane(), selection, box);
  auto* legend = new PlaneLegend(controller_.plane(), box);
  column->addWidget(view, 1);
  column->addWidget(legend);
  return box;
}

// The run so far with its flags, for stories of before and after.
QWidget* PresentPage::buildFoot() {
  const Theme& theme = Theme::instance();
  auto* foot = new QWidget(this);
  setGround(foot, Role::dock);
  auto* row = new QHBoxLayout(foot);
  row->setContentsMargins(theme.px(6), theme.px(2), theme.px(6), theme.px(4));
  row->addWidget(new TimelineView(controller_.history(), foot));
  foot->setFixedHeight(theme.px(86));
  return foot;
}

// The map no taller than its rows grow, so that the scale stays beside them.
void PresentPage::refreshMap() {
  map_->refresh();
  map_->setMaximumHeight(map_->fullHeight());
  scale_->setLoads(map_->loads());
}

QWidget* PresentPage::buildSide(Selection& selection, const QStringList& controls) {
  const Theme& theme = Theme::instance();
  auto* side = new QWidget(this);
  auto* column = new QVBoxLayout(side);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(theme.px(14));
  const QStringList keys = controls.isEmpty()
                               ? QStringList{QStringLiteral("balance.coefficient"), QStringLiteral("router.noise")}
                               : controls;
  const auto& config = controller_.history().info().config;
  for (const QString& key : keys) {
    const KnobSpec* spec = controller_.hello().knob(key);
    if (!spec) continue;
    auto* row = new KnobRow(*spec, side);
    const auto now = config.is_object() ? config.find(key.toStdString()) : config.end();
    row->setValue(config.is_object() && now != config.end() ? nlohmann::json(*now) : spec->fallback);
    row->setEnabled(spec->live);
    knobs_[key] = row;
    column->addWidget(row);
    connect(row, &KnobRow::edited, this, &PresentPage::knobEdited);
  }
  ChartSpec loss;
  loss.title = tr("Task loss");
  loss.figure = [](const StepRecord& r) { return r.loss; };
  loss.decimals = 3;
  loss.logarithm = controller_.plane().active();
  auto* chart = new ChartPanel(std::move(loss), controller_.history(), side);
  chart->setLogarithmic(controller_.plane().active());
  chart->setHalfLife(automaticHalfLife(controller_.history().info().horizon), true);  // as in the window
  chart->setMinimumHeight(theme.px(120));
  column->addWidget(chart, 1);
  if (controller_.plane().active()) {
    thumbs_ = new ExpertThumbs(controller_.history(), controller_.plane(), selection, side);
    column->addWidget(thumbs_);
    // Its words end where the legend under the plane does.
    column->addSpacing(theme.px(4));
    connect(&controller_.plane(), &PlaneHistory::updated, thumbs_, [this] {
      sizeThumbs();
      thumbs_->update();
    });
  }
  auto* timer = new QTimer(chart);
  timer->setInterval(100);
  connect(timer, &QTimer::timeout, chart, [chart] { chart->refresh(); });
  timer->start();
  return side;
}

KnobRow* PresentPage::knob(const QString& key) const {
  const auto it = knobs_.find(key);
  return it == knobs_.end() ? nullptr : it->second;
}

QString PresentPage::counter() const { return counter_->text(); }
QString PresentPage::headline() const { return headline_->text(); }

/// The sentence of the health line; of a calm run, who takes how much.
void PresentPage::refresh() {
  const RunHistory& history = controller_.history();
  counter_->setText(formatCount(history.viewStep()));
  const PresetSpec* preset = controller_.hello().preset(QString::fromStdString(history.info().preset));
  name_->setText(preset ? preset->title : QString::fromStdString(history.info().name));
  const Health health = measureHealth(history);
  QString words = health.sentence;
  if (const auto picture = controller_.plane().picture(); words.isEmpty() && picture && !picture->points.empty())
    words = coachWords(*picture, controller_.hello().knob(QStringLiteral("balance.coefficient"))).evidence;
  if (words.isEmpty() && !controller_.plane().active() && health.measured)
    words = tr("Each expert gets between %1 and %2 times its fair share of the tokens.")
                .arg(formatFixed(health.least, 1), formatFixed(health.most, 1));
  if (!words.isEmpty() && !words.endsWith(QLatin1Char('.'))) words += QLatin1Char('.');
  if (headline_->text() != words) headline_->setText(words);
  const bool can = controller_.canRun() && history.state() != QLatin1String("failed") && !history.info().read_only;
  if (!can)
    run_->setState(RunButton::NoRun, tr("There is no run that can be trained."));
  else if (controller_.isPausing())
    run_->setState(RunButton::Waiting, tr("The step in flight is being finished."));
  else
    run_->setState(controller_.isRunning() ? RunButton::Running : RunButton::Idle);
}

/// The plane is a square: what is left of the width goes to the knobs.
void PresentPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const Theme& theme = Theme::instance();
  const int least = theme.px(kSideWidth), room = width() - theme.px(2 * 22 + 24);
  const int square = height() - theme.px(150);
  side_->setFixedWidth(controller_.plane().active() ? std::max(least, room - square) : least);
  layout()->activate();
  sizeThumbs();
  if (map_) map_->setMaximumHeight(map_->fullHeight());
}

/// As few rows as leave the pictures a size, never more than 45 % of the column's height; the chart takes the rest.
void PresentPage::sizeThumbs() {
  if (!thumbs_) return;
  const int count = std::max(thumbs_->experts(), 1), most = std::max(1, side_->width() / Theme::instance().px(74));
  const int rows = (count + most - 1) / most, columns = (count + rows - 1) / rows;
  const int wanted = std::min(thumbs_->heightOf(columns, side_->width()), side_->height() * 45 / 100);
  if (thumbs_->height() != wanted) thumbs_->setFixedHeight(wanted);
}

void PresentPage::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Escape) return emit leaveWanted();
  QWidget::keyPressEvent(event);
}

}  // namespace moe::ui
