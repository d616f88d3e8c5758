// SPDX-License-Identifier: GPL-3.0-or-later
// The plane over the scripted engine: watched only while somebody looks, pictures kept for looking back, the probe,
// slow motion.
#include <QSignalSpy>
#include <QTest>

#include "tests/support/sample_plane.h"
#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/slow_motion.h"

using namespace moe::ui;

namespace {
struct Bench {
  RunHistory history;
  RunController controller{history};
  Bench() {
    qputenv("MOE_FAKE", "");
    controller.startEngine(QCoreApplication::applicationDirPath() + "/moe_fake_engine");
  }
  ~Bench() { controller.shutDown(2000); }
  bool training(const char* preset = "plane-spirals") {
    if (!QTest::qWaitFor([&] { return controller.ready(); }, 15'000)) return false;
    NewRunRequest request;
    request.preset = preset;
    controller.newRun(request);
    return QTest::qWaitFor([&] { return history.hasRun() && history.liveStep() > 3; }, 15'000);
  }
};
}  // namespace

class TstPlaneHistory : public QObject {
  Q_OBJECT
 private slots:
  void watchedOnlyWhileSomebodyLooks() {
    Bench bench;
    PlaneHistory& plane = bench.controller.plane();
    QVERIFY(bench.training());
    QVERIFY(plane.active());
    QTRY_VERIFY(plane.points() && plane.points()->train.size() == 240);
    QTest::qWait(200);
    QVERIFY(!plane.picture());  // nobody looks
    QObject viewer;
    plane.watch(&viewer, true);
    QTRY_VERIFY(plane.picture());
    QTRY_VERIFY(plane.framesPerSecond() > 5);
    QVERIFY(std::abs(plane.share() - 0.03) < 1e-9);
    plane.watch(&viewer, false);
    QTest::qWait(150);
    const qint64 last = plane.picture()->step;
    QTest::qWait(250);
    QCOMPARE(plane.picture()->step, last);
    QVERIFY(bench.history.liveStep() > last);  // steps went on
  }

  void textRunsHaveNoPlane() {
    Bench bench;
    QVERIFY(bench.training("text-small"));
    QVERIFY(!bench.controller.plane().active());
  }

  void looksBackAtThePictureOfThatTime() {
    Bench bench;
    QVERIFY(bench.training());
    PlaneHistory& plane = bench.controller.plane();
    for (const int step : {1, 2, 3})
      plane.add(std::make_shared<const moe::protocol::PlanePicture>(moe::test::samplePlanePicture(step, 8, 8)));
    bench.history.lookAt(2);
    QCOMPARE(plane.picture()->step, 2);
    bench.history.backToLive();
    QCOMPARE(plane.picture()->step, 3);
    for (int step = 4; step < 1000; ++step)
      plane.add(std::make_shared<const moe::protocol::PlanePicture>(moe::test::samplePlanePicture(step, 8, 8)));
    bench.history.lookAt(2);
    QVERIFY(plane.picture()->step <= 2);  // thinned, the oldest stays
  }

  void probeFollowsThePlace() {
    Bench bench;
    QVERIFY(bench.training());
    PlaneHistory& plane = bench.controller.plane();
    for (int i = 0; i < 30; ++i) plane.probeAt({-0.5 + 0.01 * i, 0.5});
    QTRY_VERIFY(plane.probe() && std::abs(plane.probe()->x + 0.21) < 1e-6);
    QCOMPARE(plane.probe()->chosen.front(), 1);
    plane.probeAt({5, -9});
    QCOMPARE(*plane.probePlace(), QPointF(1, -1));
    plane.clearProbe();
    QVERIFY(!plane.probe());
  }

  void slowMotionShowsEightStagesAndGoesOn() {
    Bench bench;
    QVERIFY(bench.training());
    SlowMotion slow(bench.controller);
    slow.setStageMs(15);
    PlaneHistory& plane = bench.controller.plane();
    std::vector<int> seen;
    connect(&plane, &PlaneHistory::stageChanged, this, [&] { seen.push_back(plane.stage()); });
    slow.setOn(true);
    QTRY_VERIFY(seen.size() >= 9);
    for (int i = 0; i < 9; ++i) QCOMPARE(seen[static_cast<std::size_t>(i)], i % 8);
    QVERIFY(!bench.controller.isRunning());
    slow.togglePlay();
    QVERIFY(!slow.isPlaying());
    const int stage = plane.stage();
    QTest::qWait(60);
    QCOMPARE(plane.stage(), stage);
    slow.setOnly("router");
    slow.nextStep();
    QTRY_COMPARE(QString::fromStdString(plane.stages()->only), QStringLiteral("router"));
    slow.setOn(false);
    QCOMPARE(plane.stage(), -1);
    QTRY_VERIFY(bench.controller.isRunning());  // it ran before
    disconnect(&plane, nullptr, this, nullptr);
  }

  void stepOfOnePartAlone() {
    Bench bench;
    QVERIFY(bench.training());
    bench.controller.pause();
    QTRY_VERIFY(bench.history.state() == "paused");
    bench.controller.stepOnly("experts");
    QTRY_VERIFY(!bench.history.edits().empty());
    QCOMPARE(QString::fromStdString(bench.history.edits().back().after), QStringLiteral("experts"));
  }
};

QTEST_GUILESS_MAIN(TstPlaneHistory)
#include "tst_plane_history.moc"
