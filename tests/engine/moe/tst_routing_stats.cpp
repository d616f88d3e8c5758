// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/routing_stats.h"
#include "tests/support/golden_tensors.h"

#include <QtTest>

using namespace moe::routing;
using Counts = std::vector<std::int64_t>;

class TestRoutingStats : public QObject {
  Q_OBJECT
 private slots:
  void published_figures();
  void extremes_data();
  void extremes();
  void entropy_shares();
  void dead_experts();
};

void TestRoutingStats::published_figures() {
  const auto figures = moe::test::golden_json("routing_figures.json");
  for (const char* k : {"k1", "k2"}) {
    const auto& want = figures.at(k);
    const auto got = load_stats(want.at("counts").get<Counts>());
    QVERIFY(std::abs(got.max_violation - want.at("max_violation").get<double>()) < 1e-12);
    QVERIFY(std::abs(got.cv - want.at("cv").get<double>()) < 1e-12);
    QVERIFY(std::abs(got.entropy - want.at("entropy_share").get<double>()) < 1e-12);
    QVERIFY(std::abs(got.effective_experts - std::pow(4.0, got.entropy)) < 1e-12);
  }
}

void TestRoutingStats::extremes_data() {
  QTest::addColumn<Counts>("counts");
  QTest::addColumn<double>("entropy");
  QTest::addColumn<double>("effective");
  QTest::addColumn<double>("cv");
  QTest::addColumn<double>("violation");
  QTest::addColumn<int>("dead");
  QTest::newRow("even") << Counts{5, 5, 5, 5} << 1.0 << 4.0 << 0.0 << 0.0 << 0;
  QTest::newRow("collapsed") << Counts{0, 8, 0, 0} << 0.0 << 1.0 << std::sqrt(3.0) << 3.0 << 3;
  QTest::newRow("one expert") << Counts{7} << 1.0 << 1.0 << 0.0 << 0.0 << 0;
  QTest::newRow("nothing routed") << Counts{0, 0} << 0.0 << 0.0 << 0.0 << 0.0 << 2;
}

void TestRoutingStats::extremes() {
  QFETCH(Counts, counts);
  const LoadStats got = load_stats(counts);
  QTEST(got.dead, "dead");
  QFETCH(double, entropy);
  QFETCH(double, effective);
  QFETCH(double, cv);
  QFETCH(double, violation);
  QVERIFY(std::abs(got.entropy - entropy) < 1e-12);
  QVERIFY(std::abs(got.effective_experts - effective) < 1e-12);
  QVERIFY(std::abs(got.cv - cv) < 1e-12);
  QVERIFY(std::abs(got.max_violation - violation) < 1e-12);
}

void TestRoutingStats::entropy_shares() {
  QCOMPARE(entropy_share(std::log(8.0), 8), 1.0);
  QCOMPARE(entropy_share(0, 8), 0.0);
  QCOMPARE(entropy_share(0, 1), 0.0);
}

void TestRoutingStats::dead_experts() {
  // Of a Poisson distribution: P(0) = e^-m is 1/1000 at m = 6.9078; P(X <= 5) is 1/1000 at m = 16.4547 (tables).
  QVERIFY(std::abs(poisson_upper_limit(0, 1e-3) - std::log(1000.0)) < 1e-9);
  QVERIFY(std::abs(poisson_upper_limit(5, 1e-3) - 16.4547) < 1e-4);
  QVERIFY(!is_dead(0, 1000, 8));  // 0.05 of a fair share of 125 is 6.25 < 6.91: too short a window to tell
  QVERIFY(is_dead(0, 1200, 8));   // 7.5
  QVERIFY(!is_dead(5, 1200, 8));
  QVERIFY(is_dead(5, 3000, 8));  // 18.75 > 16.46
  QVERIFY(!is_dead(0, 0, 8));
}

QTEST_GUILESS_MAIN(TestRoutingStats)
#include "tst_routing_stats.moc"
