// SPDX-License-Identifier: GPL-3.0-or-later
// New run dialog, what is dropped on the window, recent runs, exports.
#include <QAbstractItemView>
#include <QComboBox>
#include <QLabel>
#include <QListWidget>
#include <QMimeData>
#include <QPushButton>
#include <QScrollArea>
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

/// The form of a new run with its rarer settings, the device in sight.
NewRunDialog* formWithDevice(WindowBench& bench) {
  NewRunDialog* dialog = bench.window->newRunDialog();
  dialog->show();
  if (!QTest::qWaitForWindowActive(dialog)) return nullptr;
  for (auto* link : dialog->findChildren<LinkButton*>())
    if (link->text().startsWith("Show ")) QTest::mouseClick(link, Qt::LeftButton);
  QTest::qWait(100);  // the form grows
  dialog->findChild<QScrollArea*>()->ensureWidgetVisible(dialog->field("train.device"), 0, 60);
  return dialog;
}

/// Opens a list by a click and clicks one of its words.
void choose(QComboBox* combo, const QString& word) {
  QTest::mouseClick(combo, Qt::LeftButton);
  QTRY_VERIFY(combo->view()->isVisible());
  const QModelIndex item = combo->model()->index(combo->findText(word), 0);
  QVERIFY(item.isValid());
  QTest::qWait(QApplication::doubleClickInterval() + 100);  // a list ignores the click that comes with its opening
  QTest::mouseClick(combo->view()->viewport(), Qt::LeftButton, {}, combo->view()->visualRect(item).center());
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

  void deviceThatCannotBeUsedIsClosedAndSaysWhy() {
    WindowBench bench("cuda=0");
    QVERIFY(bench.ready());
    NewRunDialog* dialog = formWithDevice(bench);
    QVERIFY(dialog && dialog->field("train.device")->isVisible());
    auto* note = dialog->findChild<QLabel*>("note.train.device");
    QVERIFY(note && note->isVisible());
    QVERIFY2(note->text().startsWith("No NVIDIA driver was found") && note->text().endsWith("train on the CPU."),
             qPrintable(note->text()));
    QTRY_VERIFY(note->height() >= note->heightForWidth(note->width()));  // all of it can be read
    auto* combo = dialog->field("train.device")->findChild<QComboBox*>();
    QVERIFY(combo->toolTip().contains(note->text()));
    const int cuda = combo->findText("cuda");
    QCOMPARE(combo->itemData(cuda, Qt::ToolTipRole).toString(), note->text());
    choose(combo, "cuda");
    QVERIFY(!dialog->request().settings.contains("train.device"));
    QCOMPARE(combo->currentText(), QStringLiteral("auto"));
    combo->hidePopup();
    choose(combo, "cpu");
    QTRY_VERIFY(dialog->request().settings.contains("train.device"));
    QCOMPARE(dialog->request().settings.at("train.device").get<std::string>(), std::string("cpu"));
    QTest::keyClick(combo, Qt::Key_Down);  // nothing below that could be chosen
    QCOMPARE(combo->currentText(), QStringLiteral("cpu"));
    dialog->reject();
  }

  void deviceThatIsThereCanBeChosen() {
    WindowBench bench("cuda=1");
    QVERIFY(bench.ready());
    NewRunDialog* dialog = formWithDevice(bench);
    QVERIFY(dialog);
    QCOMPARE(dialog->findChild<QLabel*>("note.train.device")->text(), QStringLiteral("NVIDIA H100, cuBLAS 13.0"));
    choose(dialog->field("train.device")->findChild<QComboBox*>(), "cuda");
    QTRY_VERIFY(dialog->request().settings.contains("train.device"));
    QCOMPARE(dialog->request().settings.at("train.device").get<std::string>(), std::string("cuda"));
    dialog->reject();
  }

  void engineThatDoesNotTellOfDevices() {
    WindowBench bench;
    QVERIFY(bench.ready());
    NewRunDialog* dialog = formWithDevice(bench);
    QVERIFY(dialog && !dialog->findChild<QLabel*>("note.train.device"));
    choose(dialog->field("train.device")->findChild<QComboBox*>(), "cuda");
    QTRY_VERIFY(dialog->request().settings.contains("train.device"));
    dialog->reject();
  }

  /// Where the open run's settings stand, the device among them.
  void knobsSayWhatTheyComputeOn() {
    WindowBench bench("cuda=0");
    QVERIFY(bench.ready() && bench.training(3));
    KnobRow* row = bench.window->knobs()->row("train.device");
    QVERIFY(row);
    bench.window->knobs()->reveal("train.device");
    auto* note = row->findChild<QLabel*>("note.train.device");
    QTRY_VERIFY(note && note->isVisible());
    QVERIFY(note->text().startsWith("No NVIDIA driver was found"));
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
