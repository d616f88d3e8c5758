// SPDX-License-Identifier: GPL-3.0-or-later
// Dialogs, files and what is dropped on the window.
#include <QApplication>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QSettings>
#include <QStandardPaths>
#include <QUrl>
#include <QVBoxLayout>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/bridge/setup_file.h"
#include "ui/dialogs/locator.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/dialogs/table_dialog.h"
#include "ui/main_window.h"
#include "ui/panels/model_sheet_panel.h"
#include "ui/widgets/banner_bar.h"
#include "ui/widgets/knobs_panel.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kRecentRuns = 10;

QString localPath(const QMimeData* data) {
  for (const QUrl& url : data->urls())
    if (url.isLocalFile()) return url.toLocalFile();
  return {};
}

}  // namespace

NewRunDialog* MainWindow::newRunDialog(const QString& path, bool withPresentSettings) {
  auto* dialog = new NewRunDialog(controller_, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowModality(Qt::WindowModal);
  if (withPresentSettings && history_.hasRun())
    dialog->takeSettings(QString::fromStdString(history_.info().preset), history_.info().config);
  if (!path.isEmpty()) dialog->setData(path);
  return dialog;
}

void MainWindow::startRun(const NewRunRequest& request) {
  controller_.newRun(request, ifAlive(this, [this](const Reply& reply) {
                       if (!reply.ok && reply.error.kind != "gone") say(QString::fromStdString(reply.error.message));
                     }));
}

void MainWindow::openRunFolder(const QString& folder, bool start) {
  const auto opened = [this](const Reply& reply) {
    // The engine's end and a run that is held elsewhere have banners of their own.
    const bool told = reply.error.kind == "gone" || reply.error.kind == "locked";
    if (!reply.ok && !told) say(QString::fromStdString(reply.error.message));
  };
  controller_.openRun(folder, start, ifAlive(this, opened));
}

void MainWindow::openRunByDialog() {
  const QString base =
      QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) + QStringLiteral("/moe-studio/runs");
  const QString folder = QFileDialog::getExistingDirectory(this, tr("Open run"), base);
  if (folder.isEmpty()) return;
  dropWelcomeRun();
  dismissWelcome();
  openRunFolder(folder, false);
}

void MainWindow::rememberRecent() {
  if (!remember_) return;
  QSettings* settings = openSettings(this);
  QStringList runs = settings->value(QStringLiteral("recent")).toStringList();
  const QString path = QString::fromStdString(history_.info().path);
  runs.removeAll(path);
  runs.prepend(path);
  settings->setValue(QStringLiteral("recent"), runs.mid(0, kRecentRuns));
  delete settings;
}

void MainWindow::exportPanel(bool values) {
  Panel* panel = currentPanel();
  const QString name = panel->title() + (values ? QStringLiteral(".csv") : QStringLiteral(".png"));
  const QString file = QFileDialog::getSaveFileName(this, values ? tr("Export values") : tr("Export picture"), name,
                                                    values ? tr("Values (*.csv)") : tr("Pictures (*.png *.svg)"));
  if (file.isEmpty()) return;
  const QString problem = values ? panel->saveCsv(file) : panel->savePicture(file);
  if (!problem.isEmpty()) say(problem);
}

void MainWindow::exportMetrics() {
  const QString suggestion = QString::fromStdString(history_.info().name) + QStringLiteral(".csv");
  QString file =
      QFileDialog::getSaveFileName(this, tr("Export metrics of the whole run"), suggestion, tr("Values (*.csv)"));
  if (file.isEmpty()) return;
  if (QFileInfo(file).suffix().isEmpty()) file += QStringLiteral(".csv");
  const auto written = [this, file](const Reply& reply) {
    if (!reply.ok) return say(QString::fromStdString(reply.error.message));
    say(tr("%1 rows were written to %2.").arg(formatCount(reply.result.value("rows", qint64{0})), file));
  };
  controller_.exportMetrics(file, ifAlive(this, written));
}

void MainWindow::showTable(Panel* panel) {
  auto* dialog = new TableDialog(*panel, this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->show();
}

void MainWindow::showModelSheet() {
  if (auto* open = findChild<QDialog*>(QStringLiteral("modelSheet"))) return open->activateWindow();  // to the front
  auto* dialog = new QDialog(this);
  dialog->setObjectName(QStringLiteral("modelSheet"));
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  auto* panel = new ModelSheetPanel(controller_, selection_, dialog);
  dialog->setWindowTitle(panel->title());
  auto* column = new QVBoxLayout(dialog);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(panel);
  connect(panel, &Panel::tableRequested, this, [this, panel] { showTable(panel); });
  dialog->resize(Theme::instance().px(860), Theme::instance().px(720));
  dialog->show();
}

void MainWindow::say(const QString& sentence) {
  if (sentence.isEmpty()) return;
  banners_->show({Banner::Flag, QStringLiteral("notice.") + sentence, sentence, {}, {}});
}

void MainWindow::stopAndDiscard() {
  QMessageBox box(
      QMessageBox::Question, tr("Stop and discard"),
      tr("Discard the run “%1”? If it was made in this session, its folder with all checkpoints is deleted.")
          .arg(QString::fromStdString(history_.info().name)),
      QMessageBox::Cancel, this);
  box.setObjectName(QStringLiteral("discardBox"));
  QPushButton* discard = box.addButton(tr("Discard"), QMessageBox::DestructiveRole);
  box.setDefaultButton(QMessageBox::Cancel);
  box.exec();
  if (box.clickedButton() == discard) controller_.stop(false);
}

void MainWindow::findAnything() {
  Locator locator(controller_.hello(), history_, commands_, this);
  if (locator.exec() != QDialog::Accepted) return;
  const LocatorHit hit = locator.hit();
  switch (hit.kind) {
    case LocatorHit::Command:
      return hit.action->trigger();
    case LocatorHit::Knob:
      setPerspective(Perspective::train);
      return knobs_->reveal(hit.key);
    case LocatorHit::Expert:
      return selection_.select(hit.expert);
    case LocatorHit::Step:
      return history_.lookAt(hit.step);
    case LocatorHit::Nothing:
      return;
  }
}

void MainWindow::applyTheme(bool dark) {
  Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), dark ? Theme::Dark : Theme::Light);
  action(QStringLiteral("view.dark"))->setChecked(dark);
}

void MainWindow::setDark(bool dark) {
  applyTheme(dark);
  if (!remember_) return;
  QSettings* settings = openSettings(this);
  settings->setValue(QStringLiteral("theme"), dark ? QStringLiteral("dark") : QStringLiteral("light"));
  delete settings;
}

void MainWindow::setScale(double scale) {
  if (qFuzzyCompare(scale, Theme::instance().scale())) return;
  saveLayout();
  Theme::instance().setScale(scale);
  if (remember_) {
    QSettings* settings = openSettings(this);
    settings->setValue(QStringLiteral("scale"), scale);
    delete settings;
  }
  emit remakeWanted();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (!localPath(event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  const QString path = localPath(event->mimeData());
  if (path.isEmpty()) return;
  event->acceptProposedAction();
  if (isSetupFile(path)) return openSetup(path);
  if (QFileInfo::exists(path + QStringLiteral("/run.json"))) return openRunFolder(path, false);
  newRunDialog(path)->show();
}

}  // namespace moe::ui
