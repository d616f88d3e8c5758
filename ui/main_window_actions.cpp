// SPDX-License-Identifier: GPL-3.0-or-later
// One QAction for each command: menu, shortcut, locator and spoken name come from the same object.
#include <QActionGroup>
#include <QApplication>
#include <QDockWidget>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMenuBar>
#include <QSettings>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/slow_motion.h"
#include "ui/dialogs/about_dialog.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/dialogs/preferences_dialog.h"
#include "ui/dialogs/shortcuts_dialog.h"
#include "ui/main_window.h"
#include "ui/main_window_train.h"
#include "ui/panels/expert_card.h"
#include "ui/panels/probe_card.h"
#include "ui/panels/revive_line.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/knobs_panel.h"
#include "ui/widgets/mode_rail.h"
#include "ui/widgets/timeline.h"
#include "ui/widgets/transport.h"

namespace moe::ui {

QAction* MainWindow::add(QMenu* menu, const QString& name, const QString& text, const QKeySequence& keys, Slot slot) {
  auto* out = new QAction(text, this);
  out->setObjectName(name);
  out->setShortcut(keys);
  connect(out, &QAction::triggered, this, [slot = std::move(slot)] { slot(); });
  menu->addAction(out);
  addAction(out);
  commands_ << out;
  byName_[name] = out;
  return out;
}

QAction* MainWindow::action(const QString& name) const {
  const auto it = byName_.find(name);
  return it == byName_.end() ? nullptr : it->second;
}

QList<QAction*> MainWindow::commands() const { return commands_; }

void MainWindow::buildActions() {
  buildFileMenu();
  buildEditMenu();
  buildViewMenu();
  buildRunMenu();
  buildHelpMenu();
}

void MainWindow::buildFileMenu() {
  QMenu* menu = header_->menuBar()->addMenu(tr("&File"));
  add(menu, "file.new", tr("&New run…"), QKeySequence::New, [this] { newRunDialog()->show(); });
  add(menu, "file.open", tr("&Open run…"), QKeySequence::Open, [this] { openRunByDialog(); });
  add(menu, "file.draw", tr("&Draw points…"), {}, [this] { drawPoints(); });
  menu->addSeparator();
  add(menu, "file.openSetup", tr("Open se&t-up…"), {}, [this] { openSetupByDialog(); });
  add(menu, "file.saveSetup", tr("Save set-&up…"), QKeySequence(tr("Ctrl+Alt+S")), [this] { saveSetup(); });
  menu->addSeparator();
  QMenu* recent = menu->addMenu(tr("Recent runs"));
  connect(recent, &QMenu::aboutToShow, this, [this, recent] { fillRecent(recent); });
  menu->addSeparator();
  add(menu, "file.checkpoint", tr("&Save a checkpoint now"), QKeySequence::Save, [this] { controller_.checkpoint(); });
  menu->addSeparator();
  add(menu, "file.picture", tr("Export &picture of the panel…"), QKeySequence(tr("Ctrl+E")),
      [this] { exportPanel(false); });
  add(menu, "file.values", tr("Export &values of the panel (CSV)…"), QKeySequence(tr("Ctrl+Shift+E")),
      [this] { exportPanel(true); });
  add(menu, "file.metrics", tr("Export &metrics of the whole run (CSV)…"), {}, [this] { exportMetrics(); });
  menu->addSeparator();
  add(menu, "file.quit", tr("&Quit"), QKeySequence::Quit, [this] { close(); });
}

void MainWindow::fillRecent(QMenu* menu) {
  menu->clear();
  const QSettings* settings = openSettings(this);
  const QStringList runs = remember_ ? settings->value(QStringLiteral("recent")).toStringList() : QStringList();
  delete settings;
  for (const QString& folder : runs) {
    QAction* open =
        menu->addAction(QFileInfo(folder).fileName(), this, [this, folder] { openRunFolder(folder, false); });
    open->setToolTip(folder);
    open->setEnabled(QFileInfo::exists(folder));
  }
  if (runs.isEmpty()) menu->addAction(tr("Runs appear here once one was made"))->setEnabled(false);
}

void MainWindow::buildEditMenu() {
  QMenu* menu = header_->menuBar()->addMenu(tr("&Edit"));
  QUndoStack& stack = knobs_->undoStack();
  for (auto [own, name, keys] :
       {std::tuple{stack.createUndoAction(this, tr("Undo")), "edit.undo", QKeySequence::Undo},
        std::tuple{stack.createRedoAction(this, tr("Redo")), "edit.redo", QKeySequence::Redo}}) {
    own->setObjectName(QLatin1String(name));
    own->setShortcuts(keys);
    menu->addAction(own);
    addAction(own);
    commands_ << own;
    byName_[QLatin1String(name)] = own;
  }
  menu->addSeparator();
  add(menu, "edit.find", tr("&Find…"), QKeySequence(tr("Ctrl+K")), [this] { findAnything(); });
  add(menu, "edit.engine", tr("Choose the &engine…"), {}, [this] {
    const QString file = QFileDialog::getOpenFileName(this, tr("Choose moe-cli"));
    if (!file.isEmpty()) controller_.startEngine(file);
  });
  add(menu, "edit.preferences", tr("&Preferences…"), QKeySequence(tr("Ctrl+,")), [this] {
    PreferencesDialog dialog(this);
    connect(&dialog, &PreferencesDialog::darkChanged, this, &MainWindow::setDark);
    double scale = Theme::instance().scale();
    connect(&dialog, &PreferencesDialog::scaleChanged, this, [&scale](double chosen) { scale = chosen; });
    dialog.exec();
    if (remember_) {
      const std::unique_ptr<QSettings> settings(openSettings(nullptr));
      settings->setValue(QStringLiteral("reducedMotion"), Theme::instance().reducedMotion());
    }
    setScale(scale);  // makes the window anew, so not while the dialog stands in it
  });
}

void MainWindow::buildViewMenu() {
  QMenu* menu = header_->menuBar()->addMenu(tr("&View"));
  auto* group = new QActionGroup(this);
  const auto mode = [&](const char* name, const QString& text, int digit, Perspective which, Icon icon) {
    QAction* out = add(menu, QLatin1String(name), text, QKeySequence(QStringLiteral("Ctrl+%1").arg(digit)),
                       [this, which] { setPerspective(which); });
    out->setCheckable(true);
    out->setChecked(which == perspective_);
    group->addAction(out);
    rail_->addMode(out, icon);
  };
  mode("view.train", tr("Train"), 1, Perspective::train, Icon::train);
  mode("view.inspect", tr("Inspect"), 2, Perspective::inspect, Icon::inspect);
  menu->addSeparator();
  for (auto [dock, name, text] : {std::tuple{leftDock_, "view.left", tr("Left dock (knobs, texts)")},
                                  std::tuple{rightDock_, "view.right", tr("Right dock (expert)")}}) {
    QAction* toggle = dock->toggleViewAction();
    toggle->setText(text);
    menu->addAction(toggle);
    byName_[QLatin1String(name)] = toggle;
    commands_ << toggle;
  }
  menu->addSeparator();
  add(menu, "view.maximise", tr("&Maximise the panel"), QKeySequence(tr("Ctrl+M")),
      [this] { toggleMaximised(currentPanel()); });
  add(menu, "view.table", tr("Show the panel as a &table"), QKeySequence(tr("Ctrl+T")),
      [this] { showTable(currentPanel()); });
  add(menu, "view.sheet", tr("Model s&heet"), {}, [this] { showModelSheet(); });
  add(menu, "view.controls", tr("&Controls to show…"), {}, [this] { chooseControls(); });
  add(menu, "view.present", tr("&Present"), QKeySequence(Qt::Key_F5), [this] {
    setPresent(!isPresenting());
  })->setCheckable(true);
  add(menu, "view.full", tr("F&ull screen"), QKeySequence(Qt::Key_F11),
      [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  menu->addSeparator();
  QAction* dark = add(menu, "view.dark", tr("&Dark theme"), {}, [this] { setDark(action("view.dark")->isChecked()); });
  dark->setCheckable(true);
  dark->setChecked(Theme::instance().dark());
  QMenu* scales = menu->addMenu(tr("Display scale"));
  for (const int percent : {75, 100, 125, 150, 200})
    add(scales, QStringLiteral("view.scale%1").arg(percent), tr("%1 %").arg(percent), {},
        [this, percent] { setScale(percent / 100.0); });
  add(menu, "view.reset", tr("&Reset the layout of this perspective"), {}, [this] { resetLayout(); });
}

void MainWindow::buildRunMenu() {
  QMenu* menu = header_->menuBar()->addMenu(tr("&Run"));
  add(menu, "run.toggle", tr("&Run or pause"), QKeySequence(Qt::Key_Space), [this] { toggleRun(); });
  QAction* one = add(menu, "run.step", tr("&Step"), QKeySequence(Qt::Key_Period), [this] { stepOnce(); });
  QAction* ten = add(menu, "run.step10", tr("10 steps"), QKeySequence(tr("Shift+.")), [this] { controller_.step(10); });
  ten->setShortcuts(
      {QKeySequence(tr("Shift+.")), QKeySequence(QStringLiteral(":")), QKeySequence(QStringLiteral(">"))});
  QAction* hundred = add(menu, "run.step100", tr("100 steps"), {}, [this] { controller_.step(100); });
  add(menu, "run.stepRouter", tr("Step only the rou&ter"), {}, [this] { stepOnly(QStringLiteral("router")); });
  add(menu, "run.stepExperts", tr("Step only the e&xperts"), {}, [this] { stepOnly(QStringLiteral("experts")); });
  add(menu, "run.slow", tr("Slo&w motion"), QKeySequence(tr("Ctrl+Shift+S")), [this] {
    slow_->setOn(!slow_->isOn());
  })->setCheckable(true);
  add(menu, "run.more", tr("&1,000 more steps"), QKeySequence(tr("Ctrl+Shift+Right")),
      [this] { controller_.runMore(1000); });
  menu->addSeparator();
  TimelineView* timeline = transport_->timeline();
  add(menu, "run.back", tr("Look one step &back"), QKeySequence(Qt::Key_Comma), [timeline] { timeline->moveBy(-1); });
  add(menu, "run.back10", tr("Look 10 steps back"), QKeySequence(QStringLiteral("<")),
      [timeline] { timeline->moveBy(-10); });
  add(menu, "run.play", tr("&Play back the recorded steps"), {}, [this] { transport_->togglePlay(); });
  add(menu, "run.live", tr("Back to &live"), QKeySequence(tr("Shift+End")), [this] { history_.backToLive(); });
  menu->addSeparator();
  add(menu, "run.restart", tr("Start &over with the same seed"), QKeySequence(tr("Ctrl+R")),
      [this] { controller_.restartRun(); });
  QAction* keep =
      add(menu, "run.stop", tr("Stop and &keep"), QKeySequence(tr("Ctrl+W")), [this] { controller_.stop(true); });
  keep->setToolTip(tr("Saves a checkpoint and closes the run"));
  QAction* drop = add(menu, "run.discard", tr("Stop and &discard…"), {}, [this] { stopAndDiscard(); });
  drop->setToolTip(tr("Closes the run without saving and deletes its folder if it was made in this session"));
  menu->addSeparator();
  add(menu, "run.addExpert", tr("&Add an expert"), {}, [this] { controller_.addExpert(); });
  add(menu, "run.removeExpert", tr("Remove the &idlest expert"), {}, [this] { controller_.removeIdlestExpert(); });
  menu->setToolTipsVisible(true);
  auto* stepMenu = new QMenu(tr("Step"), this);
  stepMenu->addActions({one, ten, hundred, action("run.stepRouter"), action("run.stepExperts")});
  auto* stopMenu = new QMenu(tr("Stop"), this);
  stopMenu->addActions({keep, drop});
  header_->setMenus(stepMenu, stopMenu);
  connect(header_->runButton(), &RunButton::clicked, action("run.toggle"), &QAction::trigger);
  connect(header_->stepButton(), &IconButton::clicked, one, &QAction::trigger);
  connect(header_->restartButton(), &IconButton::clicked, action("run.restart"), &QAction::trigger);
  connect(header_->moreButton(), &SmallButton::clicked, action("run.more"), &QAction::trigger);
}

void MainWindow::buildHelpMenu() {
  QMenu* menu = header_->menuBar()->addMenu(tr("&Help"));
  QAction* keys = add(menu, "help.keys", tr("&Keyboard"), QKeySequence(Qt::Key_F1), [this] {
    ShortcutsDialog dialog(commands_, this);
    dialog.exec();
  });
  keys->setShortcuts({QKeySequence(Qt::Key_F1), QKeySequence(QStringLiteral("?"))});
  add(menu, "help.welcome", tr("&Welcome"), {}, [this] { showWelcome(controller_.program(), true); });
  add(menu, "help.tour", tr("&Tour of the window"), {}, [this] { startTour(); });
  add(menu, "help.about", tr("&About MoE Studio"), {}, [this] {
    AboutDialog dialog(controller_.hello(), this);
    dialog.exec();
  });
}

void MainWindow::refreshActions() {
  const bool can = controller_.canRun(), running = controller_.isRunning(), open = history_.hasRun();
  const bool failed = history_.state() == QLatin1String("failed"), reading = history_.info().read_only;
  const auto enable = [this](std::initializer_list<const char*> names, bool on) {
    for (const char* name : names) action(QLatin1String(name))->setEnabled(on);
  };
  enable({"run.toggle", "run.more"}, can && !failed && !reading && !controller_.isPausing());
  enable({"run.step", "run.step10", "run.step100"}, can && !running && !failed && !reading);
  const bool plane = isPlane();
  for (const char* name : {"run.stepRouter", "run.stepExperts", "run.slow"})
    action(QLatin1String(name))->setVisible(plane);
  enable({"run.stepRouter", "run.stepExperts"}, can && !running && !failed && !reading);
  enable({"run.slow"}, can && plane && !failed && !reading);
  action(QStringLiteral("run.slow"))->setChecked(slow_->isOn());
  enable({"run.restart", "run.stop", "run.discard", "file.checkpoint", "file.metrics"}, can);
  enable({"run.back", "run.back10", "run.play", "run.live"}, open);
  const QString whyNot = controller_.whyNoExpertEdit();
  const bool offered = controller_.hello().editsExperts();
  for (const auto& [name, does] :
       {std::pair{"run.addExpert", tr("In every layer the busiest expert is split in two; this cannot be undone")},
        std::pair{"run.removeExpert", tr("In every layer the idlest expert goes; this cannot be undone")}}) {
    QAction* edit = action(QLatin1String(name));
    edit->setVisible(offered);
    edit->setEnabled(whyNot.isEmpty());
    edit->setToolTip(whyNot.isEmpty() ? does : whyNot);
  }
  action(QStringLiteral("run.removeExpert"))->setEnabled(whyNot.isEmpty() && history_.info().experts > 1);
  card_->revive()->allow(offered, whyNot);
  probe_->revive()->allow(offered, whyNot);
  health_->setRevive(offered, whyNot);
  enable({"file.picture", "file.values", "view.table", "view.maximise", "view.present", "file.saveSetup"}, open);
  enable({"file.draw", "file.openSetup"}, controller_.ready());
}

}  // namespace moe::ui
