// SPDX-License-Identifier: GPL-3.0-or-later
// New run dialog, what is dropped on the window, recent runs, exports.
#include <QListWidget>
#include <QMimeData>
#include <QPushButton>
#include <QUrl>

#include "tests/ui/window/window_bench.h"
#include "ui/dialogs/new_run_dialog.h"

using namespace moe::ui;
using moe::test::WindowBench;

namespace {

void drop(QWidget* target, const QString& path) {
  QMimeData mime;
  mime.setUrls({QUrl::fromLocalFile(path)});
  QDragEnterEvent enter(QPoint(50, 50), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(target, &enter);
  QVERIFY(enter.isAccepted());
  QDropEvent event(QPointF(50, 50), Qt::CopyAction, &mime, Qt::LeftButton, Qt::NoModifier);
  QApplication::sendEvent(target, &event);
}

void typeInto(KnobField* field, const QString& text) {
  auto* line = field->findChild<QLineEdit*>();
  line->setFocus();
  QTRY_VERIFY(line->hasFocus());
  line->selectAll();
  QTest::keyClicks(line, text);
  QCOMPARE(line->text(), text);
  QTest::keyClick(line, Qt::Key_Tab);
}

}  // namespace

class TstNewRun : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void startsWithThePresetAndWhatWasChanged() {
    WindowBench bench;
    QVERIFY(bench.ready());
    NewRunDialog* dialog = bench.window->newRunDialog();
    dialog->show();
    QVERIFY(QTest::qWaitForWindowActive(dialog));
    QCOMPARE(dialog->presets()->count(), 6);
    dialog->setPreset("text-tiny");
    QCOMPARE(dialog->field("model.experts")->text(), QStringLiteral("4"));
    typeInto(dialog->field("seed"), "7");
    QCOMPARE(dialog->request().preset, QStringLiteral("text-tiny"));
    QCOMPARE(dialog->request().settings.size(), std::size_t{1});
    QCOMPARE(dialog->request().settings.at("seed").get<int>(), 7);
    QTest::mouseClick(dialog->startButton(), Qt::LeftButton);
    QVERIFY(bench.reached(3));
    QVERIFY(bench.controller.isRunning());
  }

  void refusalStandsUnderItsField() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    NewRunDialog* dialog = bench.window->newRunDialog();
    dialog->show();
    QVERIFY(QTest::qWaitForWindowActive(dialog));
    typeInto(dialog->field("model.experts"), "5000");
    QCOMPARE(dialog->request().settings.size(), std::size_t{1});
    QTest::mouseClick(dialog->startButton(), Qt::LeftButton);
    QTRY_VERIFY2(dialog->problem().contains("1 to 4096"), qPrintable(dialog->problem()));
    QVERIFY(dialog->isVisible());
    QVERIFY(bench.history.hasRun());  // the open run is untouched
    const qint64 step = bench.history.liveStep();
    QTRY_VERIFY(bench.history.liveStep() > step);
    typeInto(dialog->field("model.experts"), "x");
    QVERIFY(dialog->problem().contains("no number"));
    dialog->reject();
  }

  void droppedDataOpensTheForm() {
    WindowBench bench;
    QVERIFY(bench.ready());
    QTemporaryDir folder;
    drop(bench.window.get(), folder.path());
    auto* dialog = bench.window->findChild<NewRunDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    QCOMPARE(QString::fromStdString(dialog->request().settings.at("data.path").get<std::string>()), folder.path());
    drop(dialog, "/nowhere/text.txt");
    QTest::mouseClick(dialog->startButton(), Qt::LeftButton);
    QTRY_VERIFY2(dialog->problem().contains("cannot be read"), qPrintable(dialog->problem()));
    dialog->reject();
  }

  void droppedRunIsOpened() {
    WindowBench bench;
    QVERIFY(bench.ready());
    QTemporaryDir folder;
    QFile file(folder.filePath("run.json"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    drop(bench.window.get(), folder.path());
    QTRY_VERIFY(bench.history.hasRun());
    QCOMPARE(QString::fromStdString(bench.history.info().path), folder.path());
  }

  void newRunWithTheseTakesWhatIsInForce() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    bench.type("balance.coefficient", "0.25");
    QTRY_VERIFY(!bench.history.edits().empty());
    auto* button = bench.window->knobs()->findChild<QPushButton*>("newRunWithThese");
    QTest::mouseClick(button, Qt::LeftButton);
    auto* dialog = bench.window->findChild<NewRunDialog*>();
    QVERIFY(dialog);
    QCOMPARE(dialog->request().settings.at("balance.coefficient").get<double>(), 0.25);
    dialog->reject();
  }

  void restartKeepsTheSettings() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(30));
    bench.window->action("run.restart")->trigger();
    QTRY_VERIFY(bench.controller.isBusyOpening() || bench.history.liveStep() < 30);
    QTRY_VERIFY(bench.reached(3));
    QVERIFY(bench.controller.lastRequest());
    QCOMPARE(bench.controller.lastRequest()->preset, QStringLiteral("text-small"));
  }

  void recentRunsAreRemembered() {
    WindowBench bench("", true);
    QVERIFY(bench.ready() && bench.training(3));
    const std::unique_ptr<QSettings> settings(openSettings(nullptr));
    QCOMPARE(settings->value("recent").toStringList().value(0), QStringLiteral("/tmp/fake-run"));
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstNewRun>(argc, argv); }
#include "tst_new_run.moc"
