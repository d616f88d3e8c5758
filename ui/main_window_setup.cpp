// SPDX-License-Identifier: GPL-3.0-or-later
// Welcome, Present and set-ups: what the window shows besides its perspectives.
#include <QCheckBox>
#include <QDockWidget>
#include <QFileDialog>
#include <QSettings>
#include <QStackedWidget>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/setup_file.h"
#include "ui/bridge/slow_motion.h"
#include "ui/dialogs/controls_dialog.h"
#include "ui/dialogs/draw_points_dialog.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/main_window.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_present.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/coach_bubble.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/knobs_panel.h"
#include "ui/widgets/mode_rail.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr auto kShowWelcome = "welcome/show";

/// Present fits its 1200 × 675 design pixels into the window.
double presentScale(QSize window) {
  return std::clamp(std::min(window.width() / 1200.0, window.height() / 675.0), 0.9, 2.5);
}

}  // namespace

/// Docks and health give way to a page that fills the window, and come back as they were.
void MainWindow::hideFrame(bool hide) {
  if (hide == frameHidden_) return;
  if (hide) saveLayout();
  frameHidden_ = hide;
  if (hide) {
    shownDocks_.clear();
    for (QDockWidget* dock : {leftDock_, rightDock_, footDock_})
      if (!dock->isHidden()) shownDocks_ << dock;
  }
  for (QDockWidget* dock : shownDocks_) dock->setVisible(!hide);
  health_->setVisible(!hide && perspective_ == Perspective::train);
  pages_->setCurrentWidget(centrePage());
  if (!hide && restored_) restoreLayout();  // a layout that was saved before the page was shown
}

/// Beside the canvas the coach speaks once a run, when half of the experts have died.
void MainWindow::buildCoach() {
  coach_ = new CoachBubble(controller_, plane_);
  connect(coach_, &CoachBubble::closed, coach_, &QWidget::hide);
  connect(coach_, &CoachBubble::edited, this, [this](const QString& key, const nlohmann::json& value, int session) {
    knobs_->send(key, value, session, true);
  });
  connect(&controller_, &RunController::runOpened, coach_, [this] {
    coach_->hide();
    coach_->setProperty("spoke", false);
  });
  connect(&history_, &RunHistory::updated, coach_, [this] {
    const Health& health = health_->health();
    const bool half = health.measured && health.enough && 2 * health.dead >= history_.info().experts;
    if (!isPlane() || !half || !plane_->isVisible() || coach_->property("spoke").toBool()) return;
    coach_->setProperty("spoke", coach_->speak());
  });
}

// ---- welcome ----------------------------------------------------------------------------------------------------

bool MainWindow::wantsWelcome() {
  const std::unique_ptr<QSettings> settings(openSettings(nullptr));
  return settings->value(QLatin1String(kShowWelcome), true).toBool();
}

void MainWindow::showWelcome(const QString& engine, bool play) {
  if (welcome_) return;
  welcome_ = new WelcomePage(controller_, selection_, pages_);
  pages_->addWidget(welcome_);
  connect(welcome_, &WelcomePage::dismissed, this, &MainWindow::dismissWelcome);
  connect(welcome_, &WelcomePage::tourWanted, this, &MainWindow::startTour, Qt::QueuedConnection);
  connect(welcome_, &WelcomePage::chosen, this, &MainWindow::chooseTile);
  connect(welcome_, &WelcomePage::knobEdited, this,
          [this](const QString& key, const nlohmann::json& value, int session) {
            knobs_->send(key, value, session, true);
          });
  welcome_->showAtStart()->setChecked(wantsWelcome());
  connect(welcome_->showAtStart(), &QCheckBox::toggled, this, [this](bool on) {
    if (!remember_) return;
    const std::unique_ptr<QSettings> settings(openSettings(nullptr));
    settings->setValue(QLatin1String(kShowWelcome), on);
  });
  hideFrame(true);
  const auto begin = [this, engine, play] {
    if (!welcome_) return;
    welcome_->makePictures(engine, !play);
    if (history_.hasRun()) return;
    const NewRunRequest first = WelcomePage::firstRun();
    if (!controller_.hello().preset(first.preset)) return;
    controller_.setPace(RunController::kWatchPace);
    NewRunRequest request = first;
    request.start = play;
    welcomeRun_ = true;
    startRun(request);
  };
  if (controller_.ready())
    begin();
  else
    connect(&controller_, &RunController::greeted, welcome_, begin, Qt::SingleShotConnection);
}

/// The run behind the tiles goes on as a run like any other, at the pace that the header shows.
void MainWindow::dismissWelcome() {
  if (!welcome_) return;
  welcome_->deleteLater();
  pages_->removeWidget(welcome_);
  welcome_ = nullptr;
  if (std::exchange(welcomeRun_, false) && history_.hasRun()) rememberRecent();
  hideFrame(false);
  setFocus();
}

/// What ran behind the tiles was a demonstration: nothing of it is kept.
void MainWindow::dropWelcomeRun() {
  if (!std::exchange(welcomeRun_, false) || !history_.hasRun()) return;
  controller_.setPace(0);
  controller_.stop(false);
}

void MainWindow::chooseTile(WelcomeTile::Kind kind) {
  const auto start = [this](const char* preset, double pace) {
    dropWelcomeRun();
    dismissWelcome();
    controller_.setPace(pace);
    NewRunRequest request;
    request.preset = QLatin1String(preset);
    startRun(request);
  };
  switch (kind) {
    case WelcomeTile::Plane:
      return start("plane-spirals", RunController::kWatchPace);  // at full speed it is over before one has looked
    case WelcomeTile::Collapse:
      return start("plane-collapse", RunController::kWatchPace);
    case WelcomeTile::Language:
      return start("text-tiny", 0);
    case WelcomeTile::OwnText:
      dismissWelcome();
      return newRunDialog()->show();
    case WelcomeTile::OwnPoints:
      return drawPoints();
    case WelcomeTile::OpenRun:
      return openRunByDialog();
  }
}

void MainWindow::drawPoints() {
  DrawPointsDialog dialog(this);
  if (dialog.exec() != QDialog::Accepted) return;
  dropWelcomeRun();
  dismissWelcome();
  NewRunRequest request;
  request.preset = QStringLiteral("plane-spirals");
  request.settings["data.points"] = "drawing";
  request.points = dialog.points();
  startRun(request);
}

// ---- present ----------------------------------------------------------------------------------------------------

void MainWindow::setPresent(bool on) {
  if (on == (present_ != nullptr) || (on && !history_.hasRun())) return;
  Theme& theme = Theme::instance();
  if (!on) {
    present_->deleteLater();
    pages_->removeWidget(present_);
    present_ = nullptr;
    theme.setScale(scaleBefore_);
    if (darkBefore_) applyTheme(true);
  } else {
    dismissWelcome();
    scaleBefore_ = theme.scale();
    darkBefore_ = theme.dark();
    hideFrame(true);
    if (darkBefore_) applyTheme(false);  // projectors wash out dark
    theme.setScale(presentScale(size()));
    present_ = new PresentPage(controller_, selection_, controls_, pages_);
    pages_->addWidget(present_);
    connect(present_, &PresentPage::leaveWanted, this, [this] { setPresent(false); });
    connect(present_, &PresentPage::runWanted, this, &MainWindow::toggleRun);
    connect(present_, &PresentPage::stepWanted, this, &MainWindow::stepOnce);
    connect(present_, &PresentPage::restartWanted, &controller_, &RunController::restartRun);
    connect(present_, &PresentPage::knobEdited, this,
            [this](const QString& key, const nlohmann::json& value, int session) {
              knobs_->send(key, value, session, true);
            });
  }
  header_->setVisible(!on);
  rail_->setVisible(!on);
  if (!on) hideFrame(false);
  pages_->setCurrentWidget(centrePage());
  if (QAction* presenting = action(QStringLiteral("view.present"))) presenting->setChecked(on);
  if (on)
    present_->setFocus();
  else
    setFocus();
}

// ---- set-ups ----------------------------------------------------------------------------------------------------

void MainWindow::setControls(const QStringList& keys) {
  controls_ = keys;
  knobs_->setShown(keys);
}

void MainWindow::chooseControls() {
  ControlsDialog dialog(controller_.hello(), QString::fromStdString(history_.info().task), controls_, this);
  if (dialog.exec() == QDialog::Accepted) setControls(dialog.chosen());
}

void MainWindow::saveSetup() {
  const QString suggestion = QString::fromStdString(history_.info().name) + QLatin1String(kSetupEnding);
  QString file = QFileDialog::getSaveFileName(this, tr("Save set-up"), suggestion, tr("Set-ups (*.moesetup)"));
  if (file.isEmpty()) return;
  if (!isSetupFile(file)) file += QLatin1String(kSetupEnding);
  saveSetupTo(file);
}

bool MainWindow::saveSetupTo(const QString& file) {
  Setup setup = setupOf(controller_.hello(), history_.info(), controller_.plane().points().get());
  setup.controls = controls_;
  setup.present = present_ != nullptr;
  const QString problem = writeSetup(file, setup);
  if (!problem.isEmpty()) say(problem);
  return problem.isEmpty();
}

void MainWindow::openSetupByDialog() {
  const QString file = QFileDialog::getOpenFileName(this, tr("Open set-up"), {}, tr("Set-ups (*.moesetup)"));
  if (!file.isEmpty()) openSetup(file);
}

void MainWindow::openSetup(const QString& file) {
  Setup setup;
  try {
    setup = readSetup(file);
  } catch (const Error& problem) {
    return say(QString::fromUtf8(problem.what()));
  }
  dropWelcomeRun();
  dismissWelcome();
  setControls(setup.controls);
  controller_.newRun(setup.request(), ifAlive(this, [this, present = setup.present](const Reply& reply) {
                       if (!reply.ok && reply.error.kind != "gone") say(QString::fromStdString(reply.error.message));
                       if (reply.ok && present) setPresent(true);
                     }));
}

}  // namespace moe::ui
