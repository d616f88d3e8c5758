// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window.h"

#include <QCloseEvent>
#include <QDockWidget>
#include <QDragEnterEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/bridge/slow_motion.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/main_window_empty.h"
#include "ui/main_window_inspect.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_present.h"
#include "ui/main_window_train.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/expert_card.h"
#include "ui/panels/probe_card.h"
#include "ui/panels/revive_line.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/widgets/banner_bar.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/knobs_panel.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/mode_rail.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/timeline.h"
#include "ui/widgets/transport.h"

namespace moe::ui {

namespace {

QScrollArea* inScroll(QWidget* card) {
  auto* scroll = new QScrollArea;
  scroll->setFrameShape(QFrame::NoFrame);
  scroll->setWidgetResizable(true);
  scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll->setFocusPolicy(Qt::NoFocus);
  scroll->setWidget(card);
  scroll->viewport()->setAutoFillBackground(false);  // the dock's tint shows through
  card->setAutoFillBackground(false);
  return scroll;
}

}  // namespace

MainWindow::MainWindow(RunController& controller, Selection& selection, bool remember, QWidget* parent)
    : QMainWindow(parent),
      controller_(controller),
      history_(controller.history()),
      selection_(selection),
      remember_(remember) {
  setObjectName(QStringLiteral("mainWindow"));
  setWindowTitle(tr("MoE Studio"));
  setWindowIcon(QIcon(QStringLiteral(":/icons/org.moestudio.Studio.svg")));
  setAcceptDrops(true);
  setDockNestingEnabled(false);
  setCorner(Qt::BottomLeftCorner, Qt::BottomDockWidgetArea);
  setCorner(Qt::BottomRightCorner, Qt::BottomDockWidgetArea);
  setContextMenuPolicy(Qt::NoContextMenu);
  header_ = new HeaderBar(controller, this);
  slow_ = new SlowMotion(controller, this);
  header_->setSlowMotion(slow_);
  setMenuWidget(header_);
  buildCentre();
  buildDocks();
  buildActions();
  connectAll();
  buildCoach();
  setPerspective(Perspective::train);
  resize(Theme::instance().px(1366), Theme::instance().px(768));
  refreshActions();
  setFocusPolicy(Qt::ClickFocus);
  setFocus();  // keys act on the window until a control is chosen
}

MainWindow::~MainWindow() {
  slow_->leave();  // the run outlives the window; a stage must not stay over it
}

void MainWindow::buildCentre() {
  auto* centre = new QWidget(this);
  setGround(centre, Role::canvas);
  auto* column = new QVBoxLayout(centre);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  banners_ = new BannerBar(centre);
  health_ = new HealthLine(history_, selection_, centre);
  pages_ = new QStackedWidget(centre);
  empty_ = new EmptyPage(controller_, pages_);
  train_ = new TrainPage(history_, selection_, pages_);
  plane_ = new PlanePage(history_, controller_.plane(), selection_, pages_);
  inspect_ = new InspectPage(history_, selection_, pages_);
  for (QWidget* page : std::initializer_list<QWidget*>{empty_, train_, plane_, inspect_}) pages_->addWidget(page);
  column->addWidget(banners_);
  column->addWidget(health_);
  column->addWidget(pages_, 1);
  setCentralWidget(centre);
}

void MainWindow::buildDocks() {
  const Theme& theme = Theme::instance();
  const auto dock = [&](const QString& title, const char* name, QWidget* content, Qt::DockWidgetArea area) {
    auto* out = new QDockWidget(title, this);
    out->setObjectName(QLatin1String(name));
    out->setWidget(content);
    setGround(out, Role::dock);
    setGround(content, Role::dock);
    addDockWidget(area, out);
    return out;
  };
  knobs_ = new KnobsPanel(controller_);
  side_ = new InspectSide(controller_, selection_, *inspect_->strip());
  sides_ = new QStackedWidget;
  sides_->addWidget(knobs_);
  sides_->addWidget(side_);
  leftDock_ = dock(tr("Knobs"), "leftDock", sides_, Qt::LeftDockWidgetArea);
  leftDock_->setFeatures(QDockWidget::DockWidgetMovable | QDockWidget::DockWidgetFloatable |
                         QDockWidget::DockWidgetClosable);
  auto* bar = new QWidget(leftDock_);
  auto* barRow = new QHBoxLayout(bar);
  barRow->setContentsMargins(theme.px(16), theme.px(8), theme.px(10), theme.px(4));
  auto* title = new TypeLabel(tr("Knobs"), Type::title13, Role::text, bar);
  title->setObjectName(QStringLiteral("leftDockTitle"));
  auto* find = new IconButton(Icon::find, tr("Find a setting (Ctrl+K)"), bar);
  connect(find, &IconButton::clicked, this, &MainWindow::findAnything);
  barRow->addWidget(title);
  barRow->addStretch(1);
  barRow->addWidget(find);
  leftDock_->setTitleBarWidget(bar);
  leftDock_->setMinimumWidth(theme.px(220));

  card_ = new ExpertCard(history_, selection_);
  probe_ = new ProbeCard(history_, controller_.plane(), selection_);
  cards_ = new QStackedWidget;
  for (QWidget* card : std::initializer_list<QWidget*>{card_, probe_}) cards_->addWidget(inScroll(card));
  rightDock_ = dock(tr("Expert"), "rightDock", cards_, Qt::RightDockWidgetArea);
  rightDock_->setFeatures(QDockWidget::DockWidgetClosable);
  rightDock_->setTitleBarWidget(new QWidget(rightDock_));
  rightDock_->setMinimumWidth(theme.px(220));

  transport_ = new Transport(controller_);
  footDock_ = dock(tr("Timeline"), "footDock", transport_, Qt::BottomDockWidgetArea);
  footDock_->setFeatures(QDockWidget::NoDockWidgetFeatures);
  footDock_->setTitleBarWidget(new QWidget(footDock_));
  transport_->setFixedHeight(theme.px(80));

  rail_ = new ModeRail(this);
  addToolBar(Qt::LeftToolBarArea, rail_);
}

void MainWindow::connectAll() {
  connect(&controller_, &RunController::banner, banners_, &BannerBar::show);
  connect(&controller_, &RunController::bannerGone, banners_, &BannerBar::remove);
  connect(&controller_, &RunController::notice, this, &MainWindow::say);
  connect(&controller_, &RunController::stateChanged, this, &MainWindow::refreshActions);
  connect(slow_, &SlowMotion::changed, this, &MainWindow::refreshActions);
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    controller_.plane().setFramesPerSecond(Theme::instance().reducedMotion() ? PlaneHistory::kCalmFrames
                                                                             : PlaneHistory::kFramesPerSecond);
  });
  connect(&controller_, &RunController::runOpened, this, [this] {
    selection_.clear();
    if (!welcomeRun_) rememberRecent();
  });
  connect(&history_, &RunHistory::runChanged, this, [this] {
    const QString name = QString::fromStdString(history_.info().name);
    setWindowTitle(history_.hasRun() ? tr("%1 — MoE Studio").arg(name) : tr("MoE Studio"));
    followTask();
    pages_->setCurrentWidget(centrePage());
  });
  connect(&controller_, &RunController::stateChanged, this, [this] { pages_->setCurrentWidget(centrePage()); });
  connect(&selection_, &Selection::pinRefused, this,
          [this] { say(tr("Eight experts can be pinned; unpin one first.")); });
  connect(banners_, &BannerBar::triggered, this, &MainWindow::handle);
  connect(header_, &HeaderBar::findWanted, this, &MainWindow::findAnything);
  connect(knobs_, &KnobsPanel::newRunWanted, this, [this] { newRunDialog({}, true)->show(); });
  for (ReviveLine* line : {card_->revive(), probe_->revive()})
    connect(line, &ReviveLine::wanted, this, [this](const ExpertRef& expert) { controller_.revive({expert}); });
  connect(health_, &HealthLine::reviveWanted, &controller_, &RunController::revive);
  connect(empty_, &EmptyPage::newRunWanted, this, [this] { newRunDialog()->show(); });
  connect(empty_, &EmptyPage::openRunWanted, this, &MainWindow::openRunByDialog);
  for (Panel* panel : panels()) {
    connect(panel, &Panel::maximiseRequested, this, [this, panel] { toggleMaximised(panel); });
    connect(panel, &Panel::tableRequested, this, [this, panel] { showTable(panel); });
  }
}

QWidget* MainWindow::centrePage() const {
  if (present_) return present_;
  if (welcome_) return welcome_;
  if (!history_.hasRun() || controller_.isBusyOpening()) return empty_;
  if (perspective_ == Perspective::train) return isPlane() ? static_cast<QWidget*>(plane_) : train_;
  return inspect_;
}

bool MainWindow::isPlane() const { return controller_.plane().active(); }

/// Points have no tokens to inspect; their inspector is the probe.
void MainWindow::followTask() {
  const bool plane = isPlane();
  cards_->setCurrentIndex(plane ? 1 : 0);
  rightDock_->setWindowTitle(plane ? tr("Probe") : tr("Expert"));
  if (QAction* inspect = action(QStringLiteral("view.inspect"))) {
    inspect->setEnabled(!plane);
    inspect->setToolTip(plane ? tr("Points have no tokens; click the canvas to probe one") : inspect->text());
  }
  if (plane && perspective_ == Perspective::inspect) setPerspective(Perspective::train);
}

void MainWindow::setPerspective(Perspective perspective) {
  if (perspective != perspective_ && restored_) saveLayout();
  const bool changed = perspective != perspective_;
  perspective_ = perspective;
  const bool training = perspective == Perspective::train;
  pages_->setCurrentWidget(centrePage());
  sides_->setCurrentIndex(training ? 0 : 1);
  health_->setVisible(training && !frameHidden_);
  leftDock_->setWindowTitle(training ? tr("Knobs") : tr("Text"));
  findChild<TypeLabel*>(QStringLiteral("leftDockTitle"))->setText(leftDock_->windowTitle());
  if (QAction* chosen = action(training ? QStringLiteral("view.train") : QStringLiteral("view.inspect")))
    chosen->setChecked(true);
  if (!training && !selection_.token() && history_.probe() && !history_.probe()->strips.empty())
    selection_.selectToken(TokenRef{std::max(0, inspect_->strip()->domain()), 0});  // a path to look at from the start
  if (changed && restored_) restoreLayout();
}

QList<Panel*> MainWindow::panels() const { return train_->panels() + plane_->panels() + inspect_->panels(); }

Panel* MainWindow::currentPanel() const {
  for (QWidget* widget = focusWidget(); widget; widget = widget->parentWidget())
    if (auto* panel = qobject_cast<Panel*>(widget)) return panel;
  if (perspective_ == Perspective::train && isPlane()) return plane_->panels().front();
  return perspective_ == Perspective::train ? train_->panels().front() : inspect_->panels().front();
}

void MainWindow::toggleMaximised(Panel* panel) {
  if (train_->isAncestorOf(panel))
    train_->toggleMaximised(panel);
  else if (plane_->isAncestorOf(panel))
    plane_->toggleMaximised(panel);
  else
    inspect_->toggleMaximised(panel);
}

void MainWindow::toggleRun() {
  if (slow_->isOn())
    slow_->togglePlay();
  else
    controller_.toggleRun();
}

/// In slow motion a step is the next stage.
void MainWindow::stepOnce() {
  if (slow_->isOn())
    slow_->advance();
  else
    controller_.step(1);
}

void MainWindow::stepOnly(const QString& only) {
  if (!slow_->isOn()) return controller_.stepOnly(only);
  slow_->setOnly(only);
  slow_->nextStep();
}

void MainWindow::handle(BannerAction action) {
  switch (action) {
    case BannerAction::restart:
      return controller_.restartEngine();
    case BannerAction::restartHalfRate:
      return controller_.restartEngine(true);
    case BannerAction::startAgain:
      return controller_.startAgain();
    case BannerAction::wake:
      return controller_.engine().wake();
    case BannerAction::chooseEngine:
      return this->action(QStringLiteral("edit.engine"))->trigger();
    case BannerAction::openForReading:
      return controller_.openLockedForReading();
    case BannerAction::saveElsewhere:
      return exportMetrics();
  }
}

bool MainWindow::event(QEvent* event) {
  // Space and Return belong to a focused control; the window's single keys are for when nothing else wants them.
  if (event->type() == QEvent::ShortcutOverride) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const QWidget* focus = focusWidget();
    const bool control = focus && (focus->inherits("QAbstractButton") || focus->inherits("QComboBox") ||
                                   focus->inherits("QAbstractItemView"));
    if (key->key() == Qt::Key_Space && key->modifiers() == Qt::NoModifier && control && focus != header_->runButton()) {
      event->accept();
      return true;
    }
  }
  return QMainWindow::event(event);
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (!closing_) {
    closing_ = true;
    saveLayout();
    dropWelcomeRun();
    hide();  // the checkpoint may take a moment; the window need not
    controller_.shutDown();
  }
  event->accept();
}

}  // namespace moe::ui
