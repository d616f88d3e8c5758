// SPDX-License-Identifier: GPL-3.0-or-later
// The window over the real engine: a collapse that is seen, said and repaired; the tiles' pictures; the probe's sum.
#include <QCheckBox>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/ui/window/window_bench.h"
#include "ui/bridge/tile_maker.h"
#include "ui/main_window_plane.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/plane_panel.h"
#include "ui/panels/probe_card.h"
#include "ui/panels/probe_parts.h"
#include "ui/widgets/health_line.h"

using namespace moe::ui;

namespace {

struct RealBench : moe::test::WindowBench {
  RealBench() : WindowBench("", false, moe::test::realEngine()) {}
  bool runTo(qint64 step) {
    controller.engine().send("run", {{"until", step}});
    return reached(step, 120'000) && QTest::qWaitFor([&] { return !controller.isRunning(); }, 30'000);
  }
  bool prepared(const char* preset, const nlohmann::ordered_json& settings = nlohmann::ordered_json::object()) {
    if (!ready()) return false;
    NewRunRequest request;
    request.preset = QLatin1String(preset);
    request.settings = settings;
    request.start = false;
    window->startRun(request);
    return QTest::qWaitFor([&] { return history.hasRun() && controller.canRun(); }, 60'000);
  }
};

}  // namespace

class TstPlaneReal : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    moe::test::warningsAreFailures();
    if (moe::test::realEngine().isEmpty()) QSKIP("moe-cli is not in this build");
  }

  void collapseIsSaidAndRepaired() {
    RealBench bench;
    QVERIFY(bench.prepared("plane-collapse"));
    QVERIFY(bench.runTo(1500));
    const int experts = bench.history.info().experts;
    QCOMPARE(experts, 8);
    QTRY_VERIFY2(bench.window->health()->health().dead >= experts / 2,
                 qPrintable(QString::number(bench.window->health()->health().dead)));
    const QString said = bench.window->health()->sentence();
    QVERIFY2(said.contains("points"), qPrintable(said));
    QTRY_VERIFY(bench.window->coach()->isVisible());
    QVERIFY2(bench.window->coach()->evidence().contains("get"), qPrintable(bench.window->coach()->evidence()));
    QVERIFY(bench.window->coach()->advice().contains("Balance"));
    const int before = bench.window->health()->health().dead;
    // Balance and noise come back through their fields, the dead through the link beside the sentence.
    bench.type("balance.coefficient", "0.03");
    bench.type("router.noise", "1");
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{2});
    emit bench.window->health()->reviveWanted(bench.window->health()->health().deadExperts);
    QTRY_VERIFY_WITH_TIMEOUT(static_cast<int>(bench.history.edits().size()) >= 2 + before, 20'000);
    QVERIFY(bench.runTo(3500));
    QTRY_VERIFY2(bench.window->health()->health().dead <= 1,
                 qPrintable(QString::number(bench.window->health()->health().dead)));
    qInfo("dead: %d of %d, then %d; said: %s", before, experts, bench.window->health()->health().dead,
          qPrintable(said));
  }

  /// A run in which everybody works loses most of its experts once nothing balances it, and gets them back by noise.
  void aHealthyRunDiesWithoutBalanceAndComesBack() {
    RealBench bench;
    QVERIFY(bench.prepared("plane-collapse", {{"balance.coefficient", 0.03}}));
    QVERIFY(bench.runTo(400));
    const auto& health = bench.window->health()->health();
    QTRY_VERIFY2(health.measured && health.enough && health.dead <= 1, qPrintable(QString::number(health.dead)));
    const int healthy = health.dead;
    QVERIFY(!bench.window->coach()->isVisible());
    bench.type("balance.coefficient", "0");
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{1});
    QVERIFY(bench.runTo(3000));
    QTRY_VERIFY2(health.dead >= 4, qPrintable(QString::number(health.dead)));  // of eight
    QTRY_VERIFY(bench.window->coach()->isVisible());
    // The coach names experts that the picture says get nothing.
    const auto picture = bench.controller.plane().picture();
    const QString said = bench.window->coach()->evidence();
    int idle = 0, named = 0;
    for (std::size_t e = 0; e < picture->points.size(); ++e) {
      idle += picture->points[e] == 0;
      named += picture->points[e] == 0 && said.contains(QStringLiteral("E%1").arg(e + 1));
    }
    QVERIFY2(idle >= 2 && named >= 2 && said.contains("get none"), qPrintable(said));
    const int collapsed = health.dead;
    bench.type("balance.coefficient", "0.03");
    bench.type("router.noise", "1");
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{3});
    QVERIFY(bench.runTo(4500));
    QTRY_VERIFY2(health.dead <= 1, qPrintable(QString::number(health.dead)));
    qInfo("dead of 8: %d, without balance %d, with noise and balance %d; the coach: %s", healthy, collapsed,
          health.dead, qPrintable(said));
  }

  void noiseAndScoresAreMeasured() {
    RealBench bench;
    QVERIFY(bench.prepared("plane-spirals"));
    QVERIFY(bench.runTo(400));
    PlaneHistory& plane = bench.controller.plane();
    PlanePanel* canvas = bench.window->planePage()->canvas();
    QTRY_VERIFY_WITH_TIMEOUT(plane.scored() && plane.scored()->step == 400, 10'000);
    QCOMPARE(plane.scored()->without.size(), std::size_t{4});
    // On two spirals some experts are worth much; the others' regions the rest may answer as well.
    const auto& without = plane.scored()->without;
    QVERIFY(*std::min_element(without.begin(), without.end()) < plane.scored()->score - 0.05);
    bench.selection.select(ExpertRef{0, 1});
    QTRY_VERIFY2(bench.window->probeCard()->without().contains("without it: accuracy"),
                 qPrintable(bench.window->probeCard()->without()));
    canvas->layerBox("noise")->click();
    bench.type("router.noise", "1");
    QTRY_VERIFY_WITH_TIMEOUT(plane.picture() && !plane.picture()->flips.empty(), 10'000);
    const double share = flipShare(*plane.picture());
    QVERIFY2(share > 0.01 && share < 0.7, qPrintable(QString::number(share)));
    QTest::mouseClick(canvas->view(), Qt::LeftButton, {}, canvas->view()->pixelOf({0.3, -0.5}).toPoint());
    QTRY_VERIFY2(bench.window->probeCard()->flips().contains("of 64 draws"),
                 qPrintable(bench.window->probeCard()->flips()));
    QTRY_VERIFY(!bench.window->probeCard()->truth().isEmpty());
  }

  void probeAddsUpAndThePictureIsOfTheModel() {
    RealBench bench;
    QVERIFY(bench.prepared("plane-spirals"));
    QVERIFY(bench.runTo(600));
    PlaneView* view = bench.window->planePage()->canvas()->view();
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.plane().picture() && bench.controller.plane().picture()->still, 10'000);
    QTest::mouseClick(view, Qt::LeftButton, {}, view->pixelOf({0.31, 0.42}).toPoint());
    QTRY_VERIFY(bench.controller.plane().probe());
    const auto& probe = *bench.controller.plane().probe();
    double sum = probeFigure(probe, probe.base, 0);
    for (std::size_t k = 0; k < probe.chosen.size(); ++k)
      sum += probe.weights[k] * probeFigure(probe, probe.answers, static_cast<std::size_t>(probe.chosen[k]) * 2);
    QVERIFY2(std::abs(sum - ProbeSum::sum(probe)) < 1e-3, qPrintable(QString::number(sum - ProbeSum::sum(probe))));
    // The picture's cell under the probe names the same owner and class.
    const auto& picture = *bench.controller.plane().picture();
    const int n = picture.grid, c = static_cast<int>((probe.x + 1) / 2 * n),
              r = static_cast<int>((1 - probe.y) / 2 * n);
    const auto cell = static_cast<std::size_t>(r * n + c);
    if (picture.gate[cell] > 20) QCOMPARE(int{picture.owner[cell]}, probe.chosen.front());
    if (picture.margin[cell] > 20) QCOMPARE(int{picture.winner[cell]}, probe.winner);
    const double area = std::accumulate(picture.area.begin(), picture.area.end(), 0.0);
    QVERIFY(std::abs(area - 1) < 1e-6);
  }

  void tilesAreMeasuredFromTheRealPresetsAndKept() {
    qputenv("XDG_CACHE_HOME", folder_.path().toUtf8());
    TileMaker maker;
    QVERIFY(!maker.load("test"));
    bool finished = false;
    connect(&maker, &TileMaker::finished, this, [&] { finished = true; });
    maker.make(moe::test::realEngine());
    QTRY_VERIFY_WITH_TIMEOUT(finished, 180'000);
    QVERIFY(maker.pictures().plane);
    QVERIFY(maker.pictures().collapse.size() > 20);
    QCOMPARE(maker.pictures().collapse.front().size(), std::size_t{8});
    QVERIFY(maker.pictures().text && maker.pictures().text->tokens() > 20);
    TileMaker again;
    QVERIFY(again.load("test"));
    QVERIFY(!again.isBusy());
  }

 private:
  QTemporaryDir folder_;
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstPlaneReal>(argc, argv); }
#include "tst_plane_real.moc"
