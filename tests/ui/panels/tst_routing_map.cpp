// SPDX-License-Identifier: GPL-3.0-or-later
// Routing map: sentences against hand-computed values, real mouse and key events, sizes, states, exports.
#include <QAccessible>
#include <QElapsedTimer>
#include <QFile>
#include <QPixmap>
#include <QTemporaryDir>
#include <QTest>

#include "tests/support/sample_run.h"
#include "ui/panels/colour_bar.h"
#include "ui/panels/expert_trend.h"
#include "ui/panels/routing_map_panel.h"
#include "ui/panels/routing_map_view.h"
#include "ui/widgets/segment.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

namespace {

/// Two layers of four experts; loads in choices of one step.
moe::protocol::StepReport handStep(qint64 step, std::vector<std::int64_t> first, std::vector<std::int64_t> second) {
  moe::protocol::StepReport report;
  report.step = step;
  report.top_k = 1;
  report.loss = 2;
  for (auto* load : {&first, &second}) {
    moe::train::LayerReport layer;
    layer.layer = static_cast<int>(report.layers.size());
    layer.load = *load;
    for (const auto n : *load) layer.mass.push_back(0.5 * static_cast<double>(n));
    report.layers.push_back(layer);
  }
  return report;
}

moe::protocol::RunInfo handInfo() { return moe::test::sampleInfo({2, 4, 10}); }

}  // namespace

class TestRoutingMap : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void sentenceOfOneStep() {
    RunHistory history;
    history.reset(handInfo());
    history.add(handStep(1, {600, 200, 200, 0}, {250, 250, 250, 250}));
    const WindowLoads loads = history.window();
    // 600 of 1000 choices over four experts: 0.6 · 4 = 2.40 times the fair share.
    QCOMPARE(expertSentence(history, loads, {0, 0}, false).plain(),
             QStringLiteral("Layer 1 · Expert 1: 2.40× fair share (60.0 % of choices)"));
    QCOMPARE(expertSentence(history, loads, {0, 3}, false).plain(),
             QStringLiteral("Layer 1 · Expert 4: no tokens in this batch"));
    // sd = sqrt(4/1000) = 0.0632; the band is two of them.
    QCOMPARE(expertSentence(history, loads, {1, 2}, false).plain(),
             QStringLiteral("Layer 2 · Expert 3: 1.00× fair share (25.0 % of choices), within noise ±0.13"));
    QCOMPARE(expertSentence(history, loads, {0, 1}, true).plain(),
             QStringLiteral("Layer 1 · Expert 2: 0.80× fair share (20.0 % of weight)"));
  }

  void sentenceOfAWindowWithTrendAndTokens() {
    RunHistory history;
    history.reset(handInfo());
    for (qint64 step = 1; step <= 20; ++step)
      history.add(step <= 10 ? handStep(step, {250, 250, 500, 0}, {250, 250, 250, 250})
                             : handStep(step, {500, 250, 250, 0}, {250, 250, 250, 250}));
    auto probe = std::make_shared<moe::protocol::ProbeReport>();
    probe->step = 20;
    probe->layers = 2;
    probe->experts = 4;
    probe->seen = {900, 900, 900, 0, 199, 900, 900, 900};
    probe->top_tokens.resize(8);
    probe->top_tokens[0] = {{"return", 40}, {" def", 30}, {"):\n", 20}};
    probe->top_tokens[4] = {{"x", 3}};
    history.add(std::shared_ptr<const moe::protocol::ProbeReport>(probe));
    history.setWindowSteps(4);
    const WindowLoads loads = history.window();
    QCOMPARE(expertSentence(history, loads, {0, 0}, false).plain(),
             QStringLiteral(
                 "Layer 1 · Expert 1: 2.00× fair share (50.0 % of choices), rising; top tokens: return ·def ):↵"));
    QCOMPARE(expertSentence(history, loads, {0, 2}, false).statement,
             QStringLiteral(": 1.00× fair share (25.0 % of choices), falling, within noise ±0.06"));
    QCOMPARE(expertSentence(history, loads, {0, 3}, false).statement,
             QStringLiteral(": no tokens in the last 4 batches"));
    QVERIFY2(expertSentence(history, loads, {1, 0}, false).tokens.isEmpty(), "199 seen tokens are too few to describe");
    QCOMPARE(expertTrend(history, {1, 1}), Trend::steady);
  }

  void trendIgnoresNoise() {
    RunHistory history;
    history.reset(handInfo());
    // 52 against 48 of 200 choices: sd of the difference is sqrt(4/200 · 2) = 0.2, the change 0.08.
    for (qint64 step = 1; step <= 4; ++step)
      history.add(step <= 2 ? handStep(step, {24, 26, 25, 25}, {25, 25, 25, 25})
                            : handStep(step, {26, 24, 25, 25}, {25, 25, 25, 25}));
    QCOMPARE(expertTrend(history, {0, 0}), Trend::steady);
    RunHistory shortRun;
    shortRun.reset(handInfo());
    shortRun.add(handStep(1, {1, 1, 1, 1}, {1, 1, 1, 1}));
    QCOMPARE(expertTrend(shortRun, {0, 0}), Trend::unknown);
    QCOMPARE(expertTrend(shortRun, {7, 0}), Trend::unknown);
  }

  void mouseAndKeyboard() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 300});
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    RoutingMapView* view = panel.view();
    const auto centre = [&](int l, int e) { return view->cell(l, e).center().toPoint(); };

    QTest::mouseMove(view, centre(2, 10));
    QTRY_COMPARE(selection.hovered(), std::optional(ExpertRef{2, 10}));
    QVERIFY(panel.sentence().startsWith("Layer 3 · Expert 11: "));
    QTest::mouseClick(view, Qt::LeftButton, {}, centre(2, 10));
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, 10}));
    QTest::mouseClick(view, Qt::LeftButton, Qt::ControlModifier, centre(1, 4));
    QCOMPARE(selection.pinIndex({1, 4}), 0);
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, 10}));

    view->setFocus();
    QTest::mouseClick(view, Qt::LeftButton, {}, centre(2, 10));
    QTest::keyClick(view, Qt::Key_Right);
    QTest::keyClick(view, Qt::Key_Down);
    QCOMPARE(view->cursor(), (ExpertRef{3, 11}));
    QVERIFY(panel.sentence().startsWith("Layer 4 · Expert 12: "));
    QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(view);
    QVERIFY(spoken);
    QCOMPARE(spoken->text(QAccessible::Name), panel.sentence());
    QTest::keyClick(view, Qt::Key_P);
    QCOMPARE(selection.pinIndex({3, 11}), 1);
    QTest::keyClick(view, Qt::Key_P);
    QCOMPARE(selection.pinIndex({3, 11}), -1);
    QTest::keyClick(view, Qt::Key_Return);
    QCOMPARE(selection.primary(), std::optional(ExpertRef{3, 11}));
    QTest::keyClick(view, Qt::Key_End);
    QTest::keyClick(view, Qt::Key_Right);  // stays at the edge
    QCOMPARE(view->cursor(), (ExpertRef{3, 15}));
    for (int i = 0; i < 9; ++i) QTest::keyClick(view, Qt::Key_Up);
    QCOMPARE(view->cursor(), (ExpertRef{0, 15}));
  }

  void windowAndMeasure() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 200});
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    auto* slider = panel.findChild<WindowSlider*>();
    QVERIFY(slider);
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_Right);
    QCOMPARE(history.windowSteps(), 2);
    QTest::keyClick(slider, Qt::Key_End);
    QCOMPARE(history.windowSteps(), 100);
    history.flush();
    QCOMPARE(panel.view()->loads().steps, 100);
    history.setWindowSteps(6);  // not a step of the slider: shown, never rounded back
    history.flush();
    QCOMPARE(history.windowSteps(), 6);
    auto* measure = panel.findChild<Segment*>();
    QVERIFY(measure);
    QTest::keyClick(measure, Qt::Key_Right);
    QVERIFY(panel.view()->byMass());
    QTest::mouseClick(measure, Qt::LeftButton, {}, QPoint(8, 10));
    QVERIFY(!panel.view()->byMass());
  }

  void shapes_data() {
    QTest::addColumn<int>("layers");
    QTest::addColumn<int>("experts");
    QTest::newRow("1x2") << 1 << 2;
    QTest::newRow("6x16") << 6 << 16;
    QTest::newRow("64x128") << 64 << 128;
  }

  /// Every shape paints in well under a frame and every cell can be reached.
  void shapes() {
    QFETCH(int, layers);
    QFETCH(int, experts);
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {layers, experts, 12});
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    RoutingMapView* view = panel.view();
    QTest::mouseClick(view, Qt::LeftButton, {}, view->cell(layers - 1, experts - 1).center().toPoint());
    QCOMPARE(selection.primary(), std::optional(ExpertRef{layers - 1, experts - 1}));
    QVERIFY(view->cell(layers - 1, 0).bottom() <= view->height() + 0.5);
  }

  // A hatched square is explained beside the scale, as long as there is one.
  void hatchIsExplained() {
    RunHistory history;
    Selection selection;
    RoutingMapPanel panel(history, selection);
    panel.resize(760, 300);
    panel.show();
    history.reset(handInfo());
    auto* bar = panel.findChild<ColourBar*>();
    const auto corner = [&] { return bar->grab(QRect(0, 0, 80, 12)).toImage(); };
    history.add(handStep(1, {400, 200, 200, 200}, {250, 250, 250, 250}));
    history.flush();
    QVERIFY(!bar->hatched());
    const QImage without = corner();
    history.add(handStep(2, {600, 200, 200, 0}, {250, 250, 250, 250}));
    history.flush();
    QVERIFY(bar->hatched());
    QVERIFY(corner() != without);
    history.add(handStep(3, {400, 200, 200, 200}, {250, 250, 250, 250}));
    history.flush();
    QVERIFY(!bar->hatched());
    QCOMPARE(corner(), without);
  }

  void lookingBackShowsThatStep() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 400});
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    history.lookAt(50);
    history.flush();
    QCOMPARE(panel.view()->loads().to, qint64(50));
    QCOMPARE(panel.view()->loads().layers[0].load, history.reportAt(50)->layers[0].load);
  }

  void emptyStates() {
    RunHistory history;
    Selection selection;
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    QCOMPARE(panel.view()->layers(), 0);
    panel.grab();
    history.reset(moe::test::sampleInfo({6, 16, 100}));
    history.flush();
    QCOMPARE(panel.view()->layers(), 6);  // the real grid before any step
    QCOMPARE(panel.view()->experts(), 16);
    panel.grab();
    QVERIFY(panel.table().rows.empty());
  }

  /// A vector picture has a shape for every cell and text as text.
  void svg() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 40});
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    QTemporaryDir folder;
    QCOMPARE(panel.savePicture(folder.filePath("map.svg")), QString());
    QFile file(folder.filePath("map.svg"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QByteArray text = file.readAll();
    QVERIFY2(text.count("<path") >= 6 * 16 - 2, qPrintable(QString::number(text.count("<path"))));
    QVERIFY(text.contains(">E11</text>") || text.contains(">E1</text>"));
  }

  /// Another display scale lays the map out anew.
  void scale() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 40});
    RoutingMapPanel panel(history, selection);
    panel.resize(1200, 500);
    panel.show();
    const double before = panel.view()->cell(0, 0).left();
    Theme::instance().setScale(1.6);
    QVERIFY(panel.view()->cell(0, 0).left() > before * 1.5);
    panel.grab();
    Theme::instance().setScale(1.0);
    QCOMPARE(panel.view()->cell(0, 0).left(), before);
  }

  void csv() {
    RunHistory history;
    Selection selection;
    history.reset(handInfo());
    history.add(handStep(1, {600, 200, 200, 0}, {250, 250, 250, 250}));
    history.flush();
    RoutingMapPanel panel(history, selection);
    QTemporaryDir folder;
    QCOMPARE(panel.saveCsv(folder.filePath("map")), QString());
    QFile file(folder.filePath("map.csv"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = file.readAll().split('\n');
    QCOMPARE(lines[0],
             QByteArray("layer,expert,from_step,to_step,assignments,weight,ratio,weight_ratio,noise_sd,load_cv"));
    // Layer 1, expert 1: 600 choices, 300 of weight, 2.4 times the fair share; sd = sqrt(4/1000).
    QVERIFY2(lines[1].startsWith("1,1,1,1,600,300,2.4,2.4,0.06324555320336"), lines[1].constData());
    QCOMPARE(lines.size(), 1 + 8 + 1);
  }
};

QTEST_MAIN(TestRoutingMap)
#include "tst_routing_map.moc"
