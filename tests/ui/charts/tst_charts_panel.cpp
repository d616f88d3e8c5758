// SPDX-License-Identifier: GPL-3.0-or-later
// The charts as a person meets them: figures, notes, cross-hair, looking back, ranges, exports.
#include <QLabel>
#include <QSignalSpy>
#include <QTest>
#include <cmath>

#include "tests/support/sample_run.h"
#include "ui/bridge/selection.h"
#include "ui/charts/chart_view.h"
#include "ui/charts/charts_panel.h"
#include "ui/charts/word_button.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

class TestChartsPanel : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void neverSumsTheLosses() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 200});
    ChartsPanel panel(history, selection);
    panel.chart(0)->setHalfLife(0);
    QCOMPARE(panel.chart(0)->spec().title, QStringLiteral("Task loss"));
    QCOMPARE(panel.chart(0)->figureText(), formatFixed(history.steps().back().loss, 2));
  }

  void figuresFollowTheViewedStep() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 400});
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    panel.setHalfLife(0);
    history.lookAt(100);
    history.flush();
    QCOMPARE(panel.chart(0)->figureText(), formatFixed(history.reportAt(100)->loss, 2));
    QVERIFY(panel.chart(0)->view()->frame().playhead == 100.0);
    QVERIFY2(!panel.chart(0)->noteText().contains("400"), "the best of later steps must not show");
    history.backToLive();
    history.flush();
    QTRY_VERIFY(!panel.chart(0)->view()->frame().playhead);
  }

  void smoothingSuitsTheRun() {
    QCOMPARE(automaticHalfLife(200), 2);
    QCOMPARE(automaticHalfLife(2'000), 10);
    QCOMPARE(automaticHalfLife(4'800), 20);
    QCOMPARE(automaticHalfLife(1'000'000), 50);
    QCOMPARE(automaticHalfLife(0), 2);
    RunHistory history;
    Selection selection;
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    auto info = moe::test::sampleInfo({3, 8, 200});
    info.horizon = 2'000;
    history.reset(info);
    QCOMPARE(panel.halfLife(), 10);
    auto* words = panel.chart(0)->findChild<WordButton*>();
    QCOMPARE(words->text(), QStringLiteral("EMA, half-life 10 (auto)"));
    panel.setHalfLife(200);  // a choice stays, also for the next run
    QCOMPARE(words->text(), QStringLiteral("EMA, half-life 200"));
    history.reset(info);
    QCOMPARE(panel.halfLife(), 200);
    panel.setHalfLife(kAutomatic);
    QCOMPARE(panel.halfLife(), 10);
    panel.resize(520, 140);
    qApp->processEvents();
    QCOMPARE(words->text(), QStringLiteral("EMA 10"));  // what there is room for
  }

  /// The words beside a young run's curve say the half-life that it has by then; a chosen one is in force at once.
  void automaticSmoothingGrowsWithTheRun() {
    auto info = moe::test::sampleInfo({3, 8, 200});
    info.horizon = 8'000;
    RunHistory history;
    Selection selection;
    history.reset(info);
    for (int step = 1; step <= 100; ++step) history.add(moe::test::sampleStep({3, 8, 200}, step));
    history.flush();
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    panel.refreshNow();
    auto* words = panel.chart(0)->findChild<WordButton*>();
    QCOMPARE(words->text(), QStringLiteral("EMA, half-life 5 (auto)"));
    panel.setHalfLife(50);
    QCOMPARE(words->text(), QStringLiteral("EMA, half-life 50"));
  }

  void logarithmicChartAveragesLogarithms() {
    auto info = moe::test::sampleInfo({1, 2, 401});
    RunHistory history;
    Selection selection;
    history.reset(info);
    for (int step = 1; step <= 401; ++step) {
      auto report = moe::test::sampleStep({1, 2, 401}, step);
      report.loss = step % 2 ? 1e-4 : 1e-6;
      history.add(report);
    }
    history.flush();
    ChartsPanel panel(history, selection);
    ChartPanel* chart = panel.chart(0);
    panel.setHalfLife(100);
    QCOMPARE(chart->figureText(), QStringLiteral("0.00"));
    chart->setLogarithmic(true);
    QCOMPARE(chart->figureText(), QStringLiteral("1.0e−5"));
    const double smooth = chart->series().smooth().back().y();
    QVERIFY2(smooth > 0.9e-5 && smooth < 1.1e-5, qPrintable(QString::number(smooth)));
    chart->setLogarithmic(false);
    QVERIFY(chart->series().smooth().back().y() > 4e-5);
  }

  void wordOfALayerStandsBesideTheLines() {
    ChartView view;
    view.resize(240, 120);
    ChartFrame frame;
    frame.lastStep = 100;
    ChartLine line{ChartLine::ink, {}, {}};
    for (int i = 0; i <= 100; ++i) line.points.emplace_back(i, i < 50 ? 0.02 * i : 2 - 0.02 * i);
    frame.lines = {line};
    frame.word = QStringLiteral("L2");
    view.setFrame(frame);
    for (const double step : {2.0, 30.0, 50.0, 70.0, 98.0}) {
      frame.wordAt = line.points[static_cast<std::size_t>(step)];
      view.setFrame(frame);
      const QRectF box = view.roomFor(QSizeF(14, 11));
      QVERIFY(view.plot().contains(box));
      for (const QPointF& p : line.points)
        QVERIFY2(!box.contains(view.toPixels(p.x(), p.y())), qPrintable(QString::number(step)));
    }
  }

  void crosshairRunsThroughAllCharts() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 400});
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    panel.refreshNow();
    ChartView* view = panel.chart(0)->view();
    QSignalSpy spy(view, &ChartView::hovered);
    const QPoint middle = view->plot().center().toPoint();
    QTest::mouseMove(view->viewport(), middle);
    QTRY_VERIFY(!spy.isEmpty());
    const auto step = spy.last().at(0).value<std::optional<double>>();
    QVERIFY(step && std::abs(*step - 200) < 4);
    for (int i = 0; i < panel.charts(); ++i)
      QCOMPARE(panel.chart(i)->noteText(), QStringLiteral("at step %1").arg(formatCount(qint64(*step))));
  }

  void rangeGrowsAtOnceAndShrinksSlowly() {
    ChartView view;
    view.resize(300, 120);
    ChartFrame frame;
    frame.lastStep = 10;
    frame.lines = {{ChartLine::ink, {}, {{1, 0}, {10, 1}}}};
    view.setFrame(frame);
    QCOMPARE(view.range(), (std::pair<double, double>(0, 1)));
    frame.high = 4;
    view.setFrame(frame);
    QCOMPARE(view.range().second, 4.0);
    frame.high = 1;
    view.setFrame(frame);
    QVERIFY(view.range().second > 3 && view.range().second < 4);
    QVERIFY(view.easing());
    for (int i = 0; i < 60; ++i) view.setFrame(frame);
    QCOMPARE(view.range().second, 1.0);
    QVERIFY(!view.easing());
  }

  // The first steps of a router, ten times as uneven as what follows, must not flatten what an edit does later.
  void warmUpDoesNotHideTheRest() {
    const moe::test::SampleShape shape{2, 4, 200};
    RunHistory history;
    Selection selection;
    history.reset(moe::test::sampleInfo(shape));
    for (int step = 1; step <= 200; ++step) {
      auto report = moe::test::sampleStep(shape, step);
      for (auto& layer : report.layers) layer.load_cv = step <= 12 ? 1.5 : step <= 100 ? 0.15 : 0.19;
      history.add(report);
    }
    history.flush();
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    panel.refreshNow();
    const ChartPanel* cv = panel.chart(2);
    QCOMPARE(cv->spec().title, QStringLiteral("Load CV"));
    const auto [low, high] = cv->view()->range();
    QVERIFY2(high < 0.4, qPrintable(QString::number(high)));
    QVERIFY(low < 0.15 && high > 0.19);
  }

  void curvesAreWherePixelsSay() {
    // Qt Charts keeps the old geometry until a range is set: after a resize both mappings must agree.
    ChartView view;
    ChartFrame frame;
    frame.lastStep = 100;
    frame.low = 2;
    frame.high = 6;
    frame.lines = {{ChartLine::ink, {}, {{1, 3}, {100, 5}}}};
    view.setFrame(frame);
    for (const QSize size : {QSize(240, 110), QSize(800, 300)}) {
      view.resize(size);
      view.show();
      QVERIFY(QTest::qWaitForWindowExposed(&view));
      const QPointF ours = view.toPixels(50, 4), theirs = view.chart()->mapToPosition(QPointF(50, 4));
      QVERIFY2(std::hypot(ours.x() - theirs.x(), ours.y() - theirs.y()) < 1.0,
               qPrintable(
                   QStringLiteral("%1,%2 against %3,%4").arg(ours.x()).arg(ours.y()).arg(theirs.x()).arg(theirs.y())));
    }
  }

  void brokenLossIsMarked() {
    const moe::test::SampleShape shape{2, 4, 100};
    RunHistory history;
    Selection selection;
    history.reset(moe::test::sampleInfo(shape));
    for (qint64 step = 1; step <= 60; ++step) {
      auto report = moe::test::sampleStep(shape, step);
      if (step == 40) report.loss = std::nan("");
      history.add(report);
    }
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    panel.refreshNow();
    QCOMPARE(panel.chart(0)->view()->frame().broken, std::vector<double>{40});
    QVERIFY(std::isfinite(panel.chart(0)->series().valueAt(history, 60)));
  }

  void logarithmAndSmoothingAreOneClick() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {3, 8, 200});
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    const auto buttons = panel.chart(0)->findChildren<WordButton*>();
    WordButton* log = nullptr;
    for (auto* button : buttons)
      if (button->isCheckable()) log = button;
    QVERIFY(log);
    QTest::mouseClick(log, Qt::LeftButton);
    QVERIFY(panel.chart(0)->view()->frame().logarithmic);
    QSignalSpy changed(&panel, &ChartsPanel::halfLifeChanged);
    panel.setHalfLife(200);
    QCOMPARE(changed.size(), 1);
    QVERIFY(panel.chart(0)->noteText().startsWith("best"));
  }

  void tableHoldsEveryStep() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {2, 4, 50});
    ChartsPanel panel(history, selection);
    const PanelTable table = panel.table();
    QCOMPARE(int(table.rows.size()), 50);
    QCOMPARE(table.columns.size(), 7 + 2 * 3);
    QCOMPARE(table.rows[9][0], QStringLiteral("10"));
    QCOMPARE(table.rows[9][1].toDouble(), history.steps()[9].loss);
    for (const auto& row : table.rows) QCOMPARE(row.size(), table.columns.size());
  }

  void throughputNeedsRoom() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {2, 4, 50});
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    QVERIFY(!panel.chart(4)->isVisible());
    panel.resize(1200, 140);
    QTRY_VERIFY(panel.chart(4)->isVisible());
    panel.resize(500, 760);
    panel.setCompact(false);
    QTRY_VERIFY(panel.chart(4)->isVisible());
    // One column, one step axis: the plots stand exactly below each other.
    qApp->processEvents();
    for (int i = 1; i < panel.charts(); ++i) {
      if (!panel.chart(i)->isVisible()) continue;
      QCOMPARE(panel.chart(i)->view()->plot().left(), panel.chart(0)->view()->plot().left());
      QCOMPARE(panel.chart(i)->view()->plot().right(), panel.chart(0)->view()->plot().right());
    }
  }

  void emptyRunSaysSo() {
    RunHistory history;
    Selection selection;
    ChartsPanel panel(history, selection);
    panel.resize(742, 140);
    panel.show();
    QCOMPARE(panel.chart(0)->figureText(), QStringLiteral("–"));
    QCOMPARE(panel.chart(0)->noteText(), QStringLiteral("no steps yet"));
  }
};

QTEST_MAIN(TestChartsPanel)
#include "tst_charts_panel.moc"
