// SPDX-License-Identifier: GPL-3.0-or-later
// The pictures of one layer: waterfall, load, specialization; all on the same expert axis.
#include <QTest>
#include <cmath>

#include "tests/support/sample_run.h"
#include "ui/panels/expert_load_panel.h"
#include "ui/panels/routing_map_panel.h"
#include "ui/panels/routing_map_view.h"
#include "ui/panels/specialization_panel.h"
#include "ui/panels/waterfall_panel.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

namespace {
moe::protocol::StepReport handStep(qint64 step, std::vector<std::int64_t> load) {
  moe::protocol::StepReport report;
  report.step = step;
  report.top_k = 1;
  moe::train::LayerReport layer;
  layer.load = std::move(load);
  layer.mass.assign(layer.load.begin(), layer.load.end());
  report.layers.push_back(layer);
  return report;
}
}  // namespace

class TestLayerPanels : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void averagesOverRows() {
    RunHistory history;
    history.reset(moe::test::sampleInfo({1, 2, 8}));
    // 16 steps into at most 8 rows: two steps a row.
    for (qint64 step = 1; step <= 16; ++step)
      history.add(handStep(step, step % 2 ? std::vector<std::int64_t>{30, 10} : std::vector<std::int64_t>{10, 50}));
    WaterfallBins bins;
    bins.setup(0, 8);
    bins.update(history);
    QCOMPARE(bins.rows(), 8);
    QCOMPARE(bins.stepsPerRow(), std::int64_t{2});
    for (int row = 0; row < 8; ++row) {
      QCOMPARE(bins.ratio(row, 0), 2 * 40.0 / 100);
      QCOMPARE(bins.ratio(row, 1), 2 * 60.0 / 100);
      QCOMPARE(bins.noise(row), std::sqrt(2 / 100.0));
    }
  }

  void growingEqualsRebuilding() {
    const moe::test::SampleShape shape{2, 8, 333};
    RunHistory history;
    history.reset(moe::test::sampleInfo(shape));
    WaterfallBins grown, once;
    grown.setup(1, 40);
    once.setup(1, 40);
    for (qint64 step = 1; step <= shape.steps; ++step) {
      history.add(moe::test::sampleStep(shape, step));
      if (step % 7 == 0) grown.update(history);
    }
    grown.update(history);
    once.update(history);
    QCOMPARE(grown.rows(), once.rows());
    QCOMPARE(grown.stepsPerRow(), once.stepsPerRow());
    for (int r = 0; r < once.rows(); ++r)
      for (int e = 0; e < 8; ++e) QCOMPARE(grown.ratio(r, e), once.ratio(r, e));
    // Only what changed is told: one more step touches one row.
    history.add(moe::test::sampleStep(shape, 334));
    QCOMPARE(grown.update(history), grown.rows() - 1);
    QCOMPARE(grown.update(history), grown.rows());
  }

  void stepsNotLoadedAreAbsent() {
    RunHistory history;
    history.reset(moe::test::sampleInfo({1, 2, 8}));
    for (const qint64 step : {1, 2, 7, 8}) history.add(handStep(step, {1, 3}));
    WaterfallBins bins;
    bins.setup(0, 100);
    bins.update(history);
    QVERIFY(std::isnan(bins.ratio(3, 0)));
    QVERIFY(!bins.silent(3, 0));
    QCOMPARE(bins.ratio(7, 1), 1.5);
  }

  void oneAxisForAll() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 200});
    RoutingMapPanel map(history, selection);
    WaterfallPanel waterfall(history, selection);
    ExpertLoadPanel load(history, selection);
    SpecializationPanel specialization(history, selection);
    for (Panel* panel : std::initializer_list<Panel*>{&map, &waterfall, &load, &specialization}) {
      panel->resize(774, 240);
      panel->show();
    }
    const auto inPanel = [](QWidget* view, Panel& panel, double x) { return view->mapTo(&panel, QPointF(x, 0)).x(); };
    for (int e = 0; e < 16; ++e) {
      const double x = inPanel(map.view(), map, map.view()->cell(0, e).left());
      QCOMPARE(inPanel(waterfall.view(), waterfall, waterfall.view()->axis().cellLeft(e)), x);
      QCOMPARE(inPanel(load.view(), load, load.view()->axis().cellLeft(e)), x);
      QCOMPARE(inPanel(specialization.view(), specialization, specialization.view()->cell(0, e).left()), x);
    }
  }

  void columnsAnswerMouseAndKeys() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 200});
    selection.selectLayer(2);
    ExpertLoadPanel panel(history, selection);
    panel.resize(774, 200);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    auto* view = panel.view();
    const QPoint at(static_cast<int>(view->axis().centre(10)), view->height() - 10);
    QTest::mouseMove(view, at);
    QTRY_COMPARE(selection.hovered(), std::optional(ExpertRef{2, 10}));
    QVERIFY(view->words().startsWith("Layer 3 · Expert 11: "));
    QTest::mouseClick(view, Qt::LeftButton, {}, at);
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, 10}));
    view->setFocus();
    QTest::keyClick(view, Qt::Key_Left);
    QTest::keyClick(view, Qt::Key_P);
    QCOMPARE(selection.pinIndex({2, 9}), 0);
    QTest::keyClick(view, Qt::Key_Home);
    QTest::keyClick(view, Qt::Key_Return);
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, 0}));
    QVERIFY(view->accessibleName().startsWith("Layer 3 · Expert 1: "));
  }

  void loadTableSumsToOne() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 100});
    ExpertLoadPanel panel(history, selection);
    const PanelTable table = panel.table();
    QCOMPARE(int(table.rows.size()), 8);
    double sum = 0;
    for (const auto& row : table.rows) sum += row[table.columns.indexOf("share")].toDouble();
    QVERIFY(std::abs(sum - 1) < 1e-9);
  }

  void waterfallTableAndEdits() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 400});
    selection.selectLayer(1);
    WaterfallPanel panel(history, selection);
    panel.resize(774, 240);
    panel.show();
    QVERIFY(panel.view()->bins().rows() > 50);
    const PanelTable table = panel.table();
    QCOMPARE(int(table.rows.size()), panel.view()->bins().rows());
    QCOMPARE(table.columns.size(), 3 + 8);
    QCOMPARE(table.rows[0][0], QStringLiteral("2"));
    for (const auto& row : table.rows) {
      double sum = 0;
      for (int e = 0; e < 8; ++e) sum += row[3 + e].toDouble();
      QVERIFY(std::abs(sum - 8) < 1e-9);  // ratios to the fair share add up to the number of experts
    }
    QVERIFY(panel.view()->yOf(100) > panel.view()->yOf(50));
  }

  void domainRatiosByHand() {
    moe::protocol::ProbeReport probe;
    probe.domains = {"code", "verse"};
    probe.layers = 1;
    probe.experts = 3;
    probe.counts = {30, 10, /* E2 */ 10, 50, /* E3 */ 0, 0};
    const DomainShares shares = DomainShares::of(probe, 0);
    // E1 takes 30 of the 40 choices on code, and 40 of 100 in all: 0.75 / 0.40.
    QCOMPARE(shares.ratio[shares.index(0, 0)], 0.75 / 0.40);
    QCOMPARE(shares.ratio[shares.index(1, 1)], (50 / 60.0) / 0.60);
    QCOMPARE(shares.noise[shares.index(0, 0)], 1 / std::sqrt(16.0));
    QVERIFY(std::isnan(shares.ratio[shares.index(0, 2)]));
    QVERIFY(!shares.used[2]);
    QCOMPARE(DomainShares::of(probe, 1).domains, 0);
    QCOMPARE(DomainShares::of(probe, -1).domains, 0);
  }

  void specializationKeysAndTable() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 200});
    SpecializationPanel panel(history, selection);
    panel.resize(774, 240);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    panel.view()->setFocus();
    QTest::keyClick(panel.view(), Qt::Key_Down);
    QTest::keyClick(panel.view(), Qt::Key_Right);
    QVERIFY2(panel.view()->words().startsWith("L1·E2 on verse: "), qPrintable(panel.view()->words()));
    const PanelTable table = panel.table();
    QCOMPARE(int(table.rows.size()), 8 * 16);
    QCOMPARE(table.rows[0][table.columns.indexOf("domain")], QStringLiteral("prose"));
  }

  void emptyAndForeignLayers() {
    RunHistory history;
    Selection selection;
    selection.selectLayer(40);  // left over from a deeper run
    WaterfallPanel waterfall(history, selection);
    ExpertLoadPanel load(history, selection);
    SpecializationPanel specialization(history, selection);
    for (Panel* panel : std::initializer_list<Panel*>{&waterfall, &load, &specialization}) {
      panel->resize(774, 200);
      panel->show();
      panel->grab();
    }
    moe::test::fillSampleRun(history, {2, 4, 30});
    for (Panel* panel : std::initializer_list<Panel*>{&waterfall, &load, &specialization}) {
      panel->grab();
      QVERIFY(panel->table().rows.empty());
    }
  }
};

QTEST_MAIN(TestLayerPanels)
#include "tst_layer_panels.moc"
