// SPDX-License-Identifier: GPL-3.0-or-later
// Properties of smoothing, decimation, ticks and of reading a history step by step.
#include <QTest>
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <utility>

#include "tests/support/sample_run.h"
#include "ui/charts/chart_series.h"
#include "ui/charts/smoothing.h"
#include "ui/charts/step_ticks.h"

using namespace moe::ui;

namespace {
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<double> noise(int n) {
  std::mt19937 random(7);
  std::vector<double> out(static_cast<std::size_t>(n));
  for (double& v : out) v = static_cast<double>(random() % 10'000) / 1'000;
  return out;
}
}  // namespace

class TestSmoothing : public QObject {
  Q_OBJECT
 private slots:
  void constantStaysConstant() {
    for (const double halfLife : {1.0, 50.0, 1000.0}) {
      Ema ema(halfLife);
      for (int step = 1; step <= 500; ++step) QCOMPARE(ema.add(step, 0.1), 0.1);
    }
  }

  void firstValueIsItself() {
    Ema ema(50);
    QCOMPARE(ema.add(1, 7.25), 7.25);
  }

  void halfLifeHalves() {
    // A long run of 0, then 1 for exactly one half-life: the mean is half way.
    Ema ema(32);
    for (int step = 1; step <= 4000; ++step) ema.add(step, 0);
    double value = 0;
    for (int step = 4001; step <= 4032; ++step) value = ema.add(step, 1);
    QVERIFY2(std::abs(value - 0.5) < 1e-9, qPrintable(QString::number(value)));
  }

  void missingStepsDecayAllTheSame() {
    Ema dense(10), gapped(10);
    for (int step = 1; step <= 300; ++step) dense.add(step, 0), gapped.add(step, 0);
    for (int step = 301; step <= 310; ++step) dense.add(step, 0);
    // One value after nine unrecorded steps carries the weight of ten.
    QVERIFY(gapped.add(310, 1) > dense.add(311, 1));
    QVERIFY(std::abs(gapped.add(320, 1) - 0.75) < 1e-6);
  }

  void notANumberPassesAndIsForgotten() {
    Ema ema(20);
    ema.add(1, 3);
    QVERIFY(std::isnan(ema.add(2, kNaN)));
    QCOMPARE(ema.add(3, 3), 3.0);
  }

  void zeroHalfLifeIsRaw() {
    Ema ema(0);
    for (const double v : {4.0, -1.0, 9.0}) QCOMPARE(ema.add(1, v), v);
  }

  /// At a twentieth of the steps a loss that falls ever more slowly is followed closely from the start.
  void growingHalfLifeFollowsTheFirstFall() {
    const Smoothing growing{50, true, false};
    QCOMPARE(growing.halfLifeAt(100), 5.0);
    QCOMPARE(growing.halfLifeAt(1'000), 50.0);
    QCOMPARE(growing.halfLifeAt(100'000), 50.0);
    Ema ema(growing), fixed(50);
    for (int step = 1; step <= 400; ++step) {
      const double loss = std::pow(step, -1.0), smooth = ema.add(step, loss), lagging = fixed.add(step, loss);
      QVERIFY2(smooth >= loss * (1 - 1e-9) && smooth < 1.15 * loss, qPrintable(QString::number(step)));
      if (step >= 50 && step <= 150) QVERIFY(lagging > 1.5 * loss);
    }
    Ema constant(growing);
    for (int step = 1; step <= 400; ++step) QCOMPARE(constant.add(step, 0.1), 0.1);
  }

  /// Between values of 1 and of 1/100 in turn lies 1/10, half way on a logarithmic axis.
  void logarithmsMeetInTheMiddle() {
    Ema ema(Smoothing{20, false, true});
    double last = 0, before = 0;
    for (int step = 1; step <= 1'000; ++step) before = std::exchange(last, ema.add(step, step % 2 ? 1.0 : 0.01));
    QVERIFY2(std::abs(std::log10(std::sqrt(last * before)) + 1) < 0.01, qPrintable(QString::number(last)));
    Ema zero(Smoothing{20, false, true});
    QVERIFY(zero.add(1, 0.0) > 0);  // and no minus infinity that stays for ever
    QVERIFY(std::isfinite(zero.add(2, 1.0)));
  }

  void binsKeepExtremes_data() {
    QTest::addColumn<int>("steps");
    QTest::addColumn<int>("bins");
    for (const int steps : {1, 2, 7, 511, 512, 513, 10'000})
      for (const int bins : {8, 100, 512})
        QTest::newRow(qPrintable(QStringLiteral("%1/%2").arg(steps).arg(bins))) << steps << bins;
  }

  /// Every bin's points are exactly the smallest and largest value of the steps it covers, whatever the number of bins.
  void binsKeepExtremes() {
    QFETCH(int, steps);
    QFETCH(int, bins);
    const auto values = noise(steps);
    MinMaxBins decimated;
    decimated.setMostBins(bins);
    for (int i = 0; i < steps; ++i) decimated.add(i + 1, values[static_cast<std::size_t>(i)]);
    const auto points = decimated.points();
    QVERIFY(static_cast<int>(points.size()) <= 2 * bins);
    std::map<std::int64_t, std::pair<double, double>> wanted, got;
    const auto widen = [](auto& map, std::int64_t bin, double v) {
      const auto [it, fresh] = map.try_emplace(bin, v, v);
      if (!fresh) it->second = {std::min(it->second.first, v), std::max(it->second.second, v)};
    };
    for (int i = 0; i < steps; ++i) widen(wanted, i / decimated.stepsPerBin(), values[static_cast<std::size_t>(i)]);
    for (const QPointF& p : points) {
      const auto step = static_cast<std::int64_t>(p.x());
      QCOMPARE(p.y(), values[static_cast<std::size_t>(step - 1)]);  // a recorded value at its own step
      widen(got, (step - 1) / decimated.stepsPerBin(), p.y());
    }
    QVERIFY(got == wanted);
    QVERIFY(std::is_sorted(points.begin(), points.end(), [](QPointF a, QPointF b) { return a.x() < b.x(); }));
  }

  /// Points already painted stay where they are while the run grows at the same bin width.
  void pointsDoNotShimmer() {
    const auto values = noise(4'000);
    MinMaxBins bins;
    bins.setMostBins(512);
    for (int i = 0; i < 2'100; ++i) bins.add(i + 1, values[static_cast<std::size_t>(i)]);
    const auto before = bins.points();
    const auto width = bins.stepsPerBin();
    for (int i = 2'100; i < 4'000; ++i) bins.add(i + 1, values[static_cast<std::size_t>(i)]);
    QCOMPARE(bins.stepsPerBin(), width);
    const auto after = bins.points();
    QVERIFY(after.size() > before.size());
    QVERIFY(std::equal(before.begin(), before.end() - 2, after.begin()));
  }

  void gapsAndBrokenValues() {
    MinMaxBins bins;
    bins.setMostBins(512);
    for (int step = 1; step <= 20; ++step) bins.add(step, 1);
    bins.add(21, kNaN);
    for (int step = 22; step <= 40; ++step) bins.add(step, 1);
    for (int step = 100; step <= 120; ++step) bins.add(step, 1);
    int gaps = 0;
    for (const QPointF& p : bins.points()) gaps += std::isnan(p.y());
    QCOMPARE(gaps, 2);
  }

  /// The smoothed curve does not depend on the number of pixels: each of its points is a value of the full curve.
  void sameCurveAtEveryZoom() {
    moe::ui::RunHistory history;
    moe::test::fillSampleRun(history, {2, 4, 1'500});
    Ema ema(50);
    std::map<double, double> full;
    for (const auto& r : history.steps()) full[static_cast<double>(r.step)] = ema.add(r.step, r.loss);
    for (const int bins : {64, 200, 1200}) {
      ChartSeries series([](const moe::protocol::StepReport& r) { return r.loss; });
      series.setSmoothing({50});
      series.setMostBins(bins);
      series.update(history);
      for (const QPointF& p : series.smooth()) QCOMPARE(p.y(), full.at(p.x()));
    }
  }

  void incrementalEqualsAtOnce() {
    const moe::test::SampleShape shape{2, 4, 700};
    moe::ui::RunHistory history;
    history.reset(moe::test::sampleInfo(shape));
    const auto figure = [](const moe::protocol::StepReport& r) { return r.loss; };
    ChartSeries grown(figure), once(figure);
    grown.setSmoothing({50});
    once.setSmoothing({50});
    grown.setMostBins(128);
    once.setMostBins(128);
    for (qint64 step = 1; step <= shape.steps; ++step) {
      history.add(moe::test::sampleStep(shape, step));
      if (step % 13 == 0) grown.update(history);
    }
    grown.update(history);
    once.update(history);
    QVERIFY(grown.smooth() == once.smooth());
    QVERIFY(grown.raw() == once.raw());
    QCOMPARE(grown.bestUpTo(700), once.bestUpTo(700));
    QVERIFY(std::abs(once.valueAt(history, 700) - once.smooth().back().y()) < 1e-6);
    // Earlier steps arriving late are read again from the start.
    moe::ui::RunHistory late;
    late.reset(moe::test::sampleInfo(shape));
    std::vector<moe::ui::StepRecord> early;
    for (qint64 step = 1; step <= 300; ++step) early.push_back(moe::test::sampleStep(shape, step));
    for (qint64 step = 301; step <= shape.steps; ++step) late.add(moe::test::sampleStep(shape, step));
    ChartSeries merged(figure);
    merged.setSmoothing({50});
    merged.setMostBins(128);
    merged.update(late);
    late.addMany(early);
    merged.update(late);
    QVERIFY(merged.smooth() == once.smooth());
  }

  void bestIsTheBestSoFar() {
    const moe::test::SampleShape shape{1, 2, 10};
    moe::ui::RunHistory history;
    history.reset(moe::test::sampleInfo(shape));
    const double losses[] = {5, 4, 3, 6, 2, 9};
    for (int i = 0; i < 6; ++i) {
      auto report = moe::test::sampleStep(shape, i + 1);
      report.loss = losses[i];
      history.add(report);
    }
    ChartSeries series([](const moe::protocol::StepReport& r) { return r.loss; });
    series.setSmoothing({0});
    series.update(history);
    QCOMPARE(series.bestUpTo(4), (std::pair<std::int64_t, double>(3, 3.0)));
    QCOMPARE(series.bestUpTo(6), (std::pair<std::int64_t, double>(5, 2.0)));
    QCOMPARE(series.bestUpTo(0).first, std::int64_t{0});
  }

  void ticks() {
    QCOMPARE(roundTicks(2.05, 3.02, 4), (std::vector<double>{2.5, 3.0}));
    const auto values = roundTicks(0, 12'480, 4);
    QCOMPARE(values, (std::vector<double>{0, 5'000, 10'000}));
    QCOMPARE(stepTicks(0, 3, 10), (std::vector<double>{0, 1, 2, 3}));
    QVERIFY(roundTicks(1, 1, 4).empty());
    QCOMPARE(roundTicks(0.11, 0.72, 1).size(), std::size_t{3});  // 0.2, 0.4, 0.6, not the lone 0.5
    QCOMPARE(stepWord(12'000), QStringLiteral("12k"));
    QCOMPARE(stepWord(1'500), QStringLiteral("1.5k"));
    QCOMPARE(stepWord(250), QStringLiteral("250"));
    QCOMPARE(exponentText(3.14e-7, 1), QStringLiteral("3.1e−7"));
    QCOMPARE(exponentText(9.97e-5, 1), QStringLiteral("1.0e−4"));
    QCOMPARE(logTickWords({0.01, 0.1, 1}), (QStringList{"0.01", "0.1", "1"}));
    QCOMPARE(logTickWords({0.001, 0.01, 0.1, 1}), (QStringList{"1e−3", "1e−2", "1e−1", "1e0"}));
    QCOMPARE(logTickWords({0.3, 0.5, 0.7}), (QStringList{"0.3", "0.5", "0.7"}));
    QCOMPARE(logTickWords({2.5, 3.0}), (QStringList{"2.5", "3.0"}));
    QCOMPARE(logTickWords({0.0012, 0.0014}), (QStringList{"1.2e−3", "1.4e−3"}));
    QCOMPARE(tickDecimals(0.5), 1);
    QCOMPARE(tickDecimals(0.02), 2);
    QCOMPARE(tickDecimals(20), 0);
  }
};

QTEST_GUILESS_MAIN(TestSmoothing)
#include "tst_smoothing.moc"
