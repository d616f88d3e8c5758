// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/specialization.h"
#include "engine/core/error.h"
#include "tests/engine/analysis/random_routing.h"

#include <QtTest>
#include <cmath>
#include <map>

using namespace moe;
using namespace moe::analysis;

class TestSpecialization : public QObject {
  Q_OBJECT
 private slots:
  void mutual_information_by_hand_data();
  void mutual_information_by_hand();
  void counts_and_shares();
  void score_beats_its_baseline_only_with_preference();
  void score_is_reproducible();
  void undefined_is_not_a_number();
  void refuses_what_is_out_of_range();
};

void TestSpecialization::mutual_information_by_hand_data() {
  QTest::addColumn<std::vector<std::int64_t>>("table");
  QTest::addColumn<int>("rows");
  QTest::addColumn<int>("columns");
  QTest::addColumn<double>("bits");
  using Table = std::vector<std::int64_t>;
  QTest::newRow("independent") << Table{2, 4, 1, 2} << 2 << 2 << 0.0;
  QTest::newRow("one to one, 2") << Table{5, 0, 0, 5} << 2 << 2 << 1.0;
  QTest::newRow("one to one, 4") << Table{3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 3, 0, 0, 0, 0, 3} << 4 << 4 << 2.0;
  // H(1/4) = 0.8112781244591328: one expert for one of four equal domains, the other for the rest.
  QTest::newRow("a quarter") << Table{1, 0, 0, 0, 0, 1, 1, 1} << 2 << 4 << 0.8112781244591328;
  QTest::newRow("empty") << Table{0, 0} << 1 << 2 << 0.0;
}

void TestSpecialization::mutual_information_by_hand() {
  QFETCH(std::vector<std::int64_t>, table);
  QFETCH(int, rows);
  QFETCH(int, columns);
  QFETCH(double, bits);
  QVERIFY(std::abs(mutual_information(table, rows, columns) - bits) < 1e-12);
}

void TestSpecialization::counts_and_shares() {
  constexpr int experts = 5, domains = 3;
  Specialization s(experts, domains);
  std::map<std::pair<int, int>, std::int64_t> counts;
  std::int64_t all = 0;
  for (const auto& text : test::random_texts(1, 12, 40, experts, domains, 10, 0.4)) {
    s.add(text.domain, text);
    for (const auto e : text.experts)
      if (e >= 0) ++counts[{e, text.domain}], ++all;
  }
  for (int d = 0; d < domains; ++d) {
    QCOMPARE(s.tokens(d), std::int64_t{4 * 40});
    std::int64_t in_domain = 0;
    for (int e = 0; e < experts; ++e) in_domain += counts[{e, d}];
    double sum = 0;
    for (int e = 0; e < experts; ++e) {
      QCOMPARE(s.assignments(e, d), (counts[{e, d}]));
      const double share = static_cast<double>(counts[{e, d}]) / static_cast<double>(in_domain);
      std::int64_t of_expert = 0;
      for (int other = 0; other < domains; ++other) of_expert += counts[{e, other}];
      QVERIFY(std::abs(s.share(e, d) - share) < 1e-15);
      QVERIFY(std::abs(s.ratio(e, d) - share / (static_cast<double>(of_expert) / static_cast<double>(all))) < 1e-12);
      sum += s.share(e, d);
    }
    QVERIFY(std::abs(sum - 1) < 1e-12);
  }
}

void TestSpecialization::score_beats_its_baseline_only_with_preference() {
  const auto score_of = [](double preference) {
    Specialization s(8, 4);
    for (const auto& text : test::random_texts(2, 16, 200, 8, 4, 10, preference)) s.add(text.domain, text);
    return s.score(20, 7);
  };
  const auto none = score_of(0), some = score_of(0.3), full = score_of(1);
  QVERIFY(none.shuffled_bits > 0);  // finite samples never look independent
  QVERIFY(none.bits < 2 * none.shuffled_bits);
  QVERIFY(some.bits > 5 * some.shuffled_bits);
  QVERIFY(full.bits > some.bits);
}

void TestSpecialization::score_is_reproducible() {
  Specialization s(4, 3);
  for (const auto& text : test::random_texts(3, 6, 50, 4, 3, 10, 0.2)) s.add(text.domain, text);
  QCOMPARE(s.score(5, 1).shuffled_bits, s.score(5, 1).shuffled_bits);
  QVERIFY(s.score(5, 1).shuffled_bits != s.score(5, 2).shuffled_bits);
  QCOMPARE(s.score(0, 1).shuffled_bits, 0.0);
}

void TestSpecialization::undefined_is_not_a_number() {
  Specialization s(3, 2);
  QVERIFY(std::isnan(s.share(0, 0)) && std::isnan(s.ratio(0, 0)));
  const std::vector<std::int32_t> experts{1, -1};
  s.add(0, {1, experts, {}});
  QCOMPARE(s.share(1, 0), 1.0);
  QVERIFY(std::isnan(s.ratio(2, 0)));  // expert 2 has nothing
  QVERIFY(std::isnan(s.share(1, 1)));  // nor has domain 1
}

void TestSpecialization::refuses_what_is_out_of_range() {
  Specialization s(3, 2);
  const std::vector<std::int32_t> good{0}, high{3}, low{-2};
  QVERIFY_EXCEPTION_THROWN(s.add(2, {1, good, {}}), Error);
  QVERIFY_EXCEPTION_THROWN(s.add(0, {1, high, {}}), Error);
  QVERIFY_EXCEPTION_THROWN(s.add(0, {1, low, {}}), Error);
  QCOMPARE(s.tokens(0), std::int64_t{0});
}

QTEST_GUILESS_MAIN(TestSpecialization)
#include "tst_specialization.moc"
