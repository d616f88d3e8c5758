// SPDX-License-Identifier: GPL-3.0-or-later
// The controller against the scripted engine: every command, refusal, death, suspension and bad output.
#include <csignal>

#include <QSignalSpy>
#include <QTest>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"

using namespace moe::ui;

namespace {

struct Bench {
  RunHistory history;
  RunController controller{history};
  std::vector<Banner> banners;
  QStringList gone;
  explicit Bench(const char* script = "") {
    qputenv("MOE_FAKE", script);
    QObject::connect(&controller, &RunController::banner, &controller,
                     [this](const Banner& b) { banners.push_back(b); });
    QObject::connect(&controller, &RunController::bannerGone, &controller,
                     [this](const QString& cause) { gone << cause; });
    controller.startEngine(QCoreApplication::applicationDirPath() + "/moe_fake_engine");
  }
  bool ready() {
    return QTest::qWaitFor([this] { return controller.ready(); }, 10'000);
  }
  bool training(qint64 step) {
    NewRunRequest request;
    request.preset = "text-small";
    controller.newRun(request);
    return QTest::qWaitFor([&] { return history.liveStep() >= step; }, 20'000);
  }
  bool state(const char* name) {
    return QTest::qWaitFor([&] { return history.state() == QLatin1String(name); }, 10'000);
  }
  bool told(const QString& cause) {
    return QTest::qWaitFor(
        [&] { return std::any_of(banners.begin(), banners.end(), [&](const Banner& b) { return b.cause == cause; }); },
        10'000);
  }
  const Banner& last(const QString& cause) {
    return *std::find_if(banners.rbegin(), banners.rend(), [&](const Banner& b) { return b.cause == cause; });
  }
};

}  // namespace

class TstRunController : public QObject {
  Q_OBJECT
 private slots:
  void greetsAndTrains() {
    Bench bench;
    QVERIFY(bench.ready());
    QVERIFY(bench.controller.hello().knob("router.top_k"));
    QCOMPARE(bench.controller.hello().presets.size(), std::size_t{6});
    QVERIFY(bench.training(30));
    QVERIFY(bench.controller.isRunning());
    QVERIFY(bench.controller.stepsPerSecond() > 0);
    QVERIFY(bench.controller.secondsLeft() > 0);
    QTRY_VERIFY(bench.controller.safeStep() >= 20);
    QVERIFY(bench.controller.secondsSinceSave() >= 0);
  }

  void pauseStepAndMore() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(5));
    bench.controller.pause();
    QVERIFY(bench.controller.isPausing());
    QVERIFY(bench.state("paused"));
    QVERIFY(!bench.controller.isPausing());
    const qint64 here = bench.history.liveStep();
    bench.controller.step(10);
    QTRY_COMPARE(bench.history.liveStep(), here + 10);
    QVERIFY(bench.state("paused"));
    bench.controller.runMore(1000);
    QTRY_COMPARE(bench.history.until(), here + 1010);
  }

  void finishedRunGoesOnByAThousand() {
    Bench bench("step_ms=0");
    QVERIFY(bench.ready() && bench.training(400));
    QVERIFY(bench.state("finished"));
    bench.controller.run();
    QTRY_COMPARE(bench.history.until(), 1400);
  }

  void settingIsAppliedOrRefused() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(3));
    QSignalSpy applied(&bench.controller, &RunController::knobApplied);
    Reply reply;
    bench.controller.setKnob("balance.coefficient", 0.5, [&](const Reply& r) { reply = r; });
    QTRY_VERIFY(reply.ok);
    QCOMPARE(applied.count(), 1);
    QCOMPARE(bench.history.edits().size(), std::size_t{1});
    Reply refused;
    refused.ok = true;
    bench.controller.setKnob("router.top_k", 9, [&](const Reply& r) { refused = r; });
    QTRY_VERIFY(!refused.ok);
    QCOMPARE(refused.error.limit, std::string("1 to 8"));
  }

  void refusedGreetingSaysSo() {
    Bench bench("refuse_hello");
    QVERIFY(bench.told("engine"));
    QVERIFY(bench.last("engine").text.contains("another version"));
    QVERIFY(!bench.controller.ready());
  }

  void otherProtocolIsRefused() {
    Bench bench("protocol=7");
    QVERIFY(bench.told("engine"));
    QVERIFY(bench.last("engine").text.contains("version 7"));
  }

  void missingEngineSaysSo() {
    RunHistory history;
    RunController controller(history);
    QString text;
    connect(&controller, &RunController::banner, this, [&](const Banner& b) { text = b.text; });
    controller.startEngine("/nowhere/moe-cli");
    QVERIFY(text.contains("/nowhere/moe-cli"));
    QVERIFY(!controller.canRun());
    controller.run();  // nothing to run: no crash, no message
    Reply reply;
    reply.ok = true;
    controller.setKnob("optim.lr", 1, [&](const Reply& r) { reply = r; });
    QVERIFY(!reply.ok);
  }

  void deathIsToldWithTheSafeStepAndRestarts() {
    Bench bench("die_at=50");
    QVERIFY(bench.ready() && bench.training(50));
    QVERIFY(bench.told("engine"));
    const Banner banner = bench.last("engine");
    QVERIFY2(banner.text.contains("step 50"), qPrintable(banner.text));
    QVERIFY2(banner.text.contains("Step 40 is safe"), qPrintable(banner.text));
    QCOMPARE(banner.actions.front().second, QStringLiteral("Restart from step 40"));
    QVERIFY(!bench.controller.canRun());
    qputenv("MOE_FAKE", "");
    bench.controller.restartEngine();
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.canRun() && bench.controller.isRunning(), 10'000);
    QVERIFY(bench.gone.contains("engine"));
  }

  void deathBeforeACheckpointOffersToStartAgain() {
    Bench bench("die_at=10,no_checkpoint");
    QVERIFY(bench.ready() && bench.training(10));
    QVERIFY(bench.told("engine"));
    QCOMPARE(bench.last("engine").actions.front().first, BannerAction::startAgain);
    qputenv("MOE_FAKE", "");
    bench.controller.startAgain();
    QTRY_VERIFY_WITH_TIMEOUT(bench.history.liveStep() > 12, 10'000);
  }

  void suspensionIsToldAndEnds() {
#ifdef Q_OS_LINUX
    Bench bench;
    QSignalSpy busy(&bench.controller, &RunController::busyChanged);
    QVERIFY(bench.ready() && bench.training(25));
    const auto pid = static_cast<pid_t>(bench.controller.engine().pid());
    ::kill(pid, SIGSTOP);
    QVERIFY(bench.told("hang"));
    QVERIFY(bench.last("hang").text.contains("suspended"));
    QVERIFY(busy.count() > 0);
    QVERIFY(busy.last()[0].toString().startsWith("engine busy (step "));
    QCOMPARE(bench.last("hang").actions.front().first, BannerAction::wake);
    bench.controller.engine().wake();
    QTRY_VERIFY_WITH_TIMEOUT(bench.gone.contains("hang"), 10'000);
    QTRY_VERIFY(busy.last()[0].toString().isEmpty());
#endif
  }

  void suspendedEngineIsLeftWithinTheTimeGiven() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(3));
    ::kill(static_cast<pid_t>(bench.controller.engine().pid()), SIGSTOP);
    QElapsedTimer timer;
    timer.start();
    QVERIFY(bench.controller.shutDown(5000));  // woken first, so it goes by itself
    QVERIFY(timer.elapsed() < 5000);
    QVERIFY(!bench.controller.engine().isRunning());
  }

  void divergenceOffersHalfTheRate() {
    Bench bench("nan_at=30");
    QVERIFY(bench.ready() && bench.training(30));
    QVERIFY(bench.told("run"));
    const Banner banner = bench.last("run");
    QVERIFY(banner.text.contains("NaN"));
    QVERIFY(banner.text.contains("Step 20 is safe"));
    QCOMPARE(banner.actions.front().first, BannerAction::restartHalfRate);
  }

  void garbageIsToldOnceAndTheRestIsRead() {
    Bench bench("garbage");
    QVERIFY(bench.ready());
    QVERIFY(bench.told("protocol"));
    QVERIFY(bench.training(5));
    QCOMPARE(std::count_if(bench.banners.begin(), bench.banners.end(),
                           [](const Banner& b) { return b.cause == "protocol"; }),
             1);
  }

  void floodLeavesTheWindowAlive() {
    Bench bench("step_ms=0");
    QVERIFY(bench.ready());
    qint64 longest = 0;
    QElapsedTimer gap;
    QTimer beat;
    beat.setInterval(5);
    connect(&beat, &QTimer::timeout, this, [&] {
      longest = std::max(longest, gap.isValid() ? gap.elapsed() : 0);
      gap.start();
    });
    beat.start();
    QVERIFY(bench.training(400));
    QVERIFY2(longest < 400, qPrintable(QString::number(longest)));
  }

  void refusedRunKeepsNothingOpen() {
    Bench bench("refuse_new");
    QVERIFY(bench.ready());
    Reply reply;
    reply.ok = true;
    NewRunRequest request;
    request.preset = "text-small";
    bench.controller.newRun(request, [&](const Reply& r) { reply = r; });
    QVERIFY(bench.controller.isBusyOpening());
    QTRY_VERIFY(!reply.ok);
    QCOMPARE(reply.error.message, std::string("The disk is full"));
    QVERIFY(!bench.history.hasRun() && !bench.controller.isBusyOpening());
  }

  void startPauseStopInEveryOrder() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(2));
    for (int i = 0; i < 30; ++i) {
      bench.controller.toggleRun();
      if (i % 3 == 0) bench.controller.step(1);
      if (i % 5 == 0) bench.controller.pause();
      QTest::qWait(3);
    }
    bench.controller.stop(true);
    QTRY_VERIFY(!bench.history.hasRun());
    QVERIFY(bench.controller.ready());
  }

  void knobTexts_data() {
    QTest::addColumn<QString>("typed");
    QTest::addColumn<double>("value");
    QTest::newRow("point") << "0.02" << 0.02;
    QTest::newRow("comma") << "0,02" << 0.02;
    QTest::newRow("groups") << "1,024" << 1024.0;
    QTest::newRow("scientific") << "3e-4" << 3e-4;
    QTest::newRow("minus") << QStringLiteral("−0.5") << -0.5;
    QTest::newRow("spaces") << " 12 " << 12.0;
    QTest::newRow("nan") << "nan" << std::nan("");
    QTest::newRow("inf") << "inf" << std::nan("");
    QTest::newRow("word") << "abc" << std::nan("");
    QTest::newRow("tail") << "1.5x" << std::nan("");
    QTest::newRow("empty") << "" << std::nan("");
  }
  void knobTexts() {
    QFETCH(QString, typed);
    QFETCH(double, value);
    KnobSpec spec;
    const auto read = knobValue(spec, typed);
    QCOMPARE(read.has_value(), !std::isnan(value));
    if (read) QCOMPARE(read->get<double>(), value);
  }
};

QTEST_GUILESS_MAIN(TstRunController)
#include "tst_run_controller.moc"
