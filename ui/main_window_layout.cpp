// SPDX-License-Identifier: GPL-3.0-or-later
// Sizes, per-perspective dock states, their validation, and what follows the window's size.
#include <QDockWidget>
#include <QResizeEvent>
#include <QScreen>
#include <QSettings>
#include <QTimer>

#include "ui/main_window.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_train.h"
#include "ui/widgets/header_bar.h"
#include "ui/widgets/theme.h"
#include "ui/widgets/transport.h"

namespace moe::ui {
namespace {

constexpr int kLayoutVersion = 1;

QString stateKey(Perspective perspective) {
  return perspective == Perspective::train ? QStringLiteral("layout/train") : QStringLiteral("layout/inspect");
}

}  // namespace

QSettings* openSettings(QObject* parent) {
  return new QSettings(QSettings::IniFormat, QSettings::UserScope, QStringLiteral("moe-studio"),
                       QStringLiteral("moe-studio"), parent);
}

void MainWindow::placeHeader() {
  const Theme& theme = Theme::instance();
  const bool large = width() >= theme.px(1600);
  // Run stands over the canvas' left edge at the docks' default width, and stays there when a dock is dragged.
  const int run = theme.px(56 + (large ? 264 : 248) + 16);
  header_->setRunX(run);
  transport_->setLeftWidth(run - theme.px(56 + 16));
  transport_->setFixedHeight(theme.px(height() >= theme.px(1000) ? 88 : 80));
}

void MainWindow::defaultDockSizes() {
  const Theme& theme = Theme::instance();
  const bool large = width() >= theme.px(1600);
  resizeDocks({leftDock_, rightDock_}, {theme.px(large ? 264 : 248), theme.px(large ? 320 : 288)}, Qt::Horizontal);
}

void MainWindow::resizeEvent(QResizeEvent* event) {
  const bool wasLarge = event->oldSize().width() >= Theme::instance().px(1600);
  QMainWindow::resizeEvent(event);
  placeHeader();
  if (!restored_ || wasLarge != (width() >= Theme::instance().px(1600))) defaultDockSizes();
}

void MainWindow::showEvent(QShowEvent* event) {
  QMainWindow::showEvent(event);
  if (restored_) return;
  if (remember_) {
    const QSettings* settings = openSettings(this);
    const QByteArray geometry = settings->value(QStringLiteral("layout/geometry")).toByteArray();
    if (!geometry.isEmpty()) restoreGeometry(geometry);
    delete settings;
  }
  defaultDockSizes();
  // Dock sizes restored before the first layout are lost when the window starts maximised.
  QTimer::singleShot(0, this, [this] {
    restored_ = true;
    restoreLayout();
  });
}

void MainWindow::saveLayout() {
  if (!remember_ || !restored_ || frameHidden_) return;
  QSettings* settings = openSettings(this);
  settings->setValue(QStringLiteral("layout/geometry"), saveGeometry());
  settings->setValue(stateKey(perspective_), saveState(kLayoutVersion));
  settings->sync();
  delete settings;
}

bool MainWindow::layoutIsSane() const {
  for (const QDockWidget* dock : {leftDock_, rightDock_, footDock_}) {
    if (dock->isHidden()) continue;
    if (dock->isFloating() &&
        (!dock->screen() || !dock->screen()->availableGeometry().intersects(dock->frameGeometry())))
      return false;
    if (!dock->isFloating() && (dock->width() < 40 || dock->width() > width() * 2 / 3) && dock != footDock_)
      return false;
  }
  return !footDock_->isHidden() && !footDock_->isFloating();
}

void MainWindow::restoreLayout() {
  if (!remember_ || frameHidden_) return;
  QSettings* settings = openSettings(this);
  const QByteArray state = settings->value(stateKey(perspective_)).toByteArray();
  delete settings;
  if (state.isEmpty()) return defaultDockSizes();
  if (!restoreState(state, kLayoutVersion) || !layoutIsSane()) resetLayout();
}

void MainWindow::resetLayout() {
  for (auto [dock, area] :
       {std::pair{leftDock_, Qt::LeftDockWidgetArea}, std::pair{rightDock_, Qt::RightDockWidgetArea},
        std::pair{footDock_, Qt::BottomDockWidgetArea}}) {
    dock->setFloating(false);
    removeDockWidget(dock);
    addDockWidget(area, dock);
    dock->show();
  }
  train_->toggleMaximised(nullptr);
  plane_->toggleMaximised(nullptr);
  train_->resetSizes();
  defaultDockSizes();
}

}  // namespace moe::ui
