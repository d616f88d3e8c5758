// SPDX-License-Identifier: Apache-2.0
// Philox against the known answers published with Random123, and the promises of the streams built on it.
#include <QtTest>
#include <cmath>
#include <set>

#include "engine/core/random.h"

using namespace moe;

class TestRandom : public QObject {
  Q_OBJECT
 private slots:
  void philox_known_answers_data();
  void philox_known_answers();
  void streams_do_not_meet();
  void draws_do_not_depend_on_order();
  void uniform_and_normal_have_their_moments();
  void below_covers_its_range();
};

void TestRandom::philox_known_answers_data() {
  QTest::addColumn<quint64>("key");
  QTest::addColumn<quint64>("high");
  QTest::addColumn<quint64>("low");
  QTest::addColumn<QVector<quint32>>("expected");
  const quint64 ones = ~quint64(0);
  QTest::newRow("zeros") << quint64(0) << quint64(0) << quint64(0)
                         << QVector<quint32>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  QTest::newRow("ones") << ones << ones << ones << QVector<quint32>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  QTest::newRow("digits of pi") << quint64(0x299f31d0a4093822) << quint64(0x0370734413198a2e)
                                << quint64(0x85a308d3243f6a88)
                                << QVector<quint32>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
}

void TestRandom::philox_known_answers() {
  QFETCH(quint64, key);
  QFETCH(quint64, high);
  QFETCH(quint64, low);
  QFETCH(QVector<quint32>, expected);
  const auto got = Philox::block(key, high, low);
  for (int i = 0; i < 4; ++i) QCOMPARE(got[std::size_t(i)], expected[i]);
}

void TestRandom::streams_do_not_meet() {
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen;
  int made = 0;
  for (const std::uint64_t seed : {1ull, 2ull, ~0ull})
    for (const auto purpose : {Purpose::initialise, Purpose::batch, Purpose::router_noise, Purpose::revive})
      for (const std::uint64_t step : {0ull, 1ull, 2ull, 255ull, 256ull, 0xFFFFFFFFull, 0x100000000ull, 0x100000001ull})
        for (const std::uint32_t lane : {0u, 1u, 2u, 255u, 0xFFFFFFu, 0x1000000u, 0xFFFFFFFFu}) {
          const RandomStream stream(seed, purpose, step, lane);
          seen.insert({stream.key(), stream.counter_hi()});
          ++made;
        }
  QCOMPARE(int(seen.size()), made);
}

void TestRandom::draws_do_not_depend_on_order() {
  const RandomStream a(42, Purpose::shuffle, 3, 1), b(42, Purpose::shuffle, 3, 1);
  const double late = a.normal(1000);
  for (std::uint64_t i = 0; i < 1000; ++i) a.normal(i);
  QCOMPARE(a.normal(1000), late);
  QCOMPARE(b.normal(1000), late);
  QCOMPARE(b.at(7), Philox::block(b.key(), b.counter_hi(), 7));
  QCOMPARE(b.word(7), b.at(7)[0]);
}

// 200,000 draws: the bounds are five standard errors.
void TestRandom::uniform_and_normal_have_their_moments() {
  constexpr int kDraws = 200000;
  const RandomStream stream(9, Purpose::sample);
  double u = 0, u2 = 0, n = 0, n2 = 0, n4 = 0;
  for (std::uint64_t i = 0; i < kDraws; ++i) {
    const double x = stream.uniform(i), z = stream.normal(i);
    QVERIFY(x >= 0 && x < 1);
    QVERIFY(std::isfinite(z));
    u += x, u2 += x * x, n += z, n2 += z * z, n4 += z * z * z * z;
  }
  const double error = 5 / std::sqrt(double(kDraws));
  QVERIFY(std::fabs(u / kDraws - 0.5) < error * std::sqrt(1.0 / 12));
  QVERIFY(std::fabs(u2 / kDraws - 1.0 / 3) < error * std::sqrt(4.0 / 45));
  QVERIFY(std::fabs(n / kDraws) < error);
  QVERIFY(std::fabs(n2 / kDraws - 1) < error * std::sqrt(2.0));
  QVERIFY(std::fabs(n4 / kDraws - 3) < error * std::sqrt(96.0));
}

void TestRandom::below_covers_its_range() {
  const RandomStream stream(4, Purpose::shuffle);
  std::vector<int> counts(10);
  for (std::uint64_t i = 0; i < 20000; ++i) ++counts[stream.below(i, 10)];
  for (const int count : counts) QVERIFY(std::abs(count - 2000) < 5 * std::sqrt(20000 * 0.1 * 0.9));
  for (std::uint64_t i = 0; i < 100; ++i) QCOMPARE(stream.below(i, 1), std::uint64_t(0));
}

QTEST_GUILESS_MAIN(TestRandom)
#include "tst_random.moc"
