// SPDX-License-Identifier: GPL-3.0-or-later
// What the window does when the engine dies, hangs, refuses or leaves: one banner, and the window lives on. The real
// engine takes part when it was built.
#include <QDropEvent>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QUrl>
#include <csignal>

#include "tests/ui/window/window_bench.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/main_window_inspect.h"
#include "ui/widgets/transport.h"

using namespace moe::ui;
using moe::test::WindowBench;

class TstWindowFaults : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void killedEngineAndRestart() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(45));
    ::kill(static_cast<pid_t>(bench.controller.engine().pid()), SIGKILL);
    BannerBar* banners = bench.window->banners();
    QTRY_COMPARE(banners->count("engine"), 1);
    QVERIFY2(banners->text("engine").contains("is safe"), qPrintable(banners->text("engine")));
    QVERIFY(banners->isVisible());
    QVERIFY(!bench.window->header()->runButton()->isEnabled());
    QVERIFY(bench.window->isVisible() && bench.history.hasRun());  // everything can still be looked at
    QTest::keyClick(bench.window.get(), Qt::Key_Comma);
    QVERIFY(!bench.history.isLive());
    QVERIFY(banners->press("engine", BannerAction::restart));
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.isRunning(), 15'000);
    QTRY_VERIFY(!banners->isVisible());
  }

  void suspendedEngineAndContinue() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(25));
    ::kill(static_cast<pid_t>(bench.controller.engine().pid()), SIGSTOP);
    BannerBar* banners = bench.window->banners();
    QTRY_COMPARE_WITH_TIMEOUT(banners->count("hang"), 1, 15'000);
    QTRY_COMPARE(bench.window->header()->rateCounter()->figure(), QStringLiteral("engine busy"));
    const qint64 stood = bench.history.liveStep();
    QVERIFY(banners->press("hang", BannerAction::wake));
    QTRY_VERIFY_WITH_TIMEOUT(bench.history.liveStep() > stood, 15'000);
    QTRY_COMPARE_WITH_TIMEOUT(banners->count("hang"), 0, 15'000);
  }

  void runOfAnotherProgramIsOpenedForReading() {
    WindowBench bench("locked");
    QVERIFY(bench.ready());
    bench.window->openRunFolder("/runs/theirs", false);
    BannerBar* banners = bench.window->banners();
    QTRY_COMPARE(banners->count("locked"), 1);
    QVERIFY2(banners->text("locked").contains("theirs"), qPrintable(banners->text("locked")));
    QVERIFY(!bench.history.hasRun());
    QVERIFY(banners->press("locked", BannerAction::openForReading));
    QTRY_VERIFY(bench.history.hasRun());
    QVERIFY(bench.history.info().read_only);
    QTRY_VERIFY(!banners->isVisible());
    QVERIFY(!bench.window->header()->runButton()->isEnabled());
    QVERIFY(bench.window->header()->runButton()->toolTip().contains("looking only"));
  }

  void droppedFolderOfTextOpensTheForm() {
    WindowBench bench;
    QVERIFY(bench.ready());
    QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath("prose"));
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(folder.path())});
    QDragEnterEvent enter(QPoint(600, 400), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(bench.window.get(), &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(600, 400), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(bench.window.get(), &drop);
    auto* dialog = bench.window->findChild<NewRunDialog*>();
    QVERIFY(dialog && dialog->isVisible());
    QCOMPARE(QString::fromStdString(dialog->request().settings.at("data.path").get<std::string>()), folder.path());
    dialog->reject();
  }

  void answersOutliveTheWindow() {  // a change of the display scale makes the window anew
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(5));
    for (const double value : {0.1, 0.2, 0.3})
      bench.window->knobs()->send(QStringLiteral("router.noise"), value, 0, true);
    bench.window->inspectSide()->ownText()->setPlainText("2 + 2");
    bench.window->inspectSide()->routeOwnText();
    bench.window->openRunFolder("/nowhere", false);
    bench.window.reset();
    QTRY_VERIFY(!bench.controller.engine().owesReply());
    QVERIFY(!bench.history.edits().empty() || bench.history.hasRun());
  }

  void refusedGreeting() {
    WindowBench bench("refuse_hello");
    QTRY_COMPARE_WITH_TIMEOUT(bench.window->banners()->count("engine"), 1, 15'000);
    QVERIFY(!bench.controller.canRun());
    QVERIFY(!bench.window->header()->runButton()->isEnabled());
  }

  void aThousandErrorsAreOneBanner() {
    WindowBench bench;
    QVERIFY(bench.ready());
    for (int i = 0; i < 1000; ++i)
      bench.window->banners()->show({Banner::Error, "same", "The loss became NaN.", "", {}});
    QCOMPARE(bench.window->banners()->count("same"), 1000);
    bench.window->banners()->remove("same");
    QVERIFY(!bench.window->banners()->isVisible());
  }

  void closingWhileTrainingIsBounded() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(10));
    QElapsedTimer timer;
    timer.start();
    QVERIFY(bench.window->close());
    QVERIFY(timer.elapsed() < 10'500);
    QVERIFY(!bench.controller.engine().isRunning());
  }

  void closingOverASuspendedEngineIsBounded() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(10));
    ::kill(static_cast<pid_t>(bench.controller.engine().pid()), SIGSTOP);
    QElapsedTimer timer;
    timer.start();
    QVERIFY(bench.window->close());
    QVERIFY(timer.elapsed() < 10'500);
  }

  void checkpointIsSaidInTheFoot() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(10));
    bench.window->action("file.checkpoint")->trigger();
    QTRY_VERIFY(bench.window->transport()->savedWords().contains("saved"));
  }

  void realEngineTrainsDiesAndComesBack() {
    const QString engine = moe::test::realEngine();
    if (engine.isEmpty()) QSKIP("moe-cli is not in this build");
    WindowBench bench("", false, engine);
    QVERIFY(bench.ready());
    QVERIFY(bench.training(20, QStringLiteral("text-tiny")));
    bench.type("balance.coefficient", "0.2");
    QTRY_VERIFY_WITH_TIMEOUT(!bench.history.edits().empty(), 20'000);
    KnobRow* noise = bench.window->knobs()->row("router.noise");
    bench.type("router.noise", "-1");
    QTRY_VERIFY_WITH_TIMEOUT(noise->hasRefusal(), 20'000);
    bench.window->action("file.checkpoint")->trigger();
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.safeStep() > 0, 20'000);
    const qint64 safe = bench.controller.safeStep();
    ::kill(static_cast<pid_t>(bench.controller.engine().pid()), SIGKILL);
    QTRY_COMPARE_WITH_TIMEOUT(bench.window->banners()->count("engine"), 1, 20'000);
    QVERIFY(bench.window->banners()->press("engine", BannerAction::restart));
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.isRunning() && bench.history.liveStep() > safe, 60'000);
    QTRY_VERIFY_WITH_TIMEOUT(bench.history.probe(), 30'000);
    QTRY_VERIFY_WITH_TIMEOUT(!bench.history.edits().empty(), 20'000);  // the edit is in the run, not in the window
    bench.history.lookAt(2);
    QTRY_VERIFY_WITH_TIMEOUT(!bench.history.window().layers.empty(), 20'000);
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowFaults>(argc, argv); }
#include "tst_window_faults.moc"
