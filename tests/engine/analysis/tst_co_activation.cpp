// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/co_activation.h"
#include "engine/core/error.h"
#include "tests/engine/analysis/random_routing.h"

#include <QtTest>
#include <cmath>
#include <set>

using namespace moe;
using namespace moe::analysis;

class TestCoActivation : public QObject {
  Q_OBJECT
 private slots:
  void by_hand();
  void against_brute_force();
  void repetition_by_hand();
  void repetition_baselines();
  void refuses_unknown_experts();
};

void TestCoActivation::by_hand() {
  CoActivation c(4);
  const std::vector<std::int32_t> three{0, 1, 2, 0, 2, -1, 1, 0, 3};
  c.add({3, three, {}});
  QCOMPARE(c.tokens(0), std::int64_t{3});
  QCOMPARE(c.share(0, 1), 2.0 / 3);
  QCOMPARE(c.share(1, 0), 1.0);  // not symmetric
  QCOMPARE(c.share(0, 2), 2.0 / 3);
  QCOMPARE(c.share(1, 2), 0.5);  // not adjacent in rank order in the first token
  QCOMPARE(c.share(3, 2), 0.0);
  QCOMPARE(c.share(0, 0), 1.0);
  QVERIFY(std::isnan(CoActivation(2).share(0, 1)));
}

void TestCoActivation::against_brute_force() {
  constexpr int experts = 6;
  const auto texts = test::random_texts(4, 5, 60, experts, 2, 9, 0.3);
  CoActivation c(experts);
  for (const auto& text : texts) c.add(text);
  for (int i = 0; i < experts; ++i)
    for (int j = 0; j < experts; ++j) {
      int with_i = 0, with_both = 0;
      for (const auto& text : texts)
        for (std::size_t t = 0; t < text.ids.size(); ++t) {
          const std::set<std::int32_t> used{text.experts[2 * t], text.experts[2 * t + 1]};
          with_i += used.contains(i);
          with_both += used.contains(i) && used.contains(j);
        }
      QCOMPARE(c.share(i, j), static_cast<double>(with_both) / with_i);
    }
}

void TestCoActivation::repetition_by_hand() {
  Repetition r;
  QVERIFY(std::isnan(r.first_choice()));
  const std::vector<std::int32_t> text{0, 1, 0, 2, 2, 0, 3, 1, -1, -1, -1, -1};
  r.add({2, text, {}});
  QCOMPARE(r.first_choice(), 1.0 / 5);  // a missing choice repeats nothing
  QCOMPARE(r.any_choice(), 2.0 / 5);
  const std::vector<std::int32_t> single{1, 2};
  r.add({2, single, {}});  // one token has no predecessor, not even across texts
  QCOMPARE(r.first_choice(), 1.0 / 5);
}

void TestCoActivation::repetition_baselines() {
  // Figures published beside Mixtral's table 5 and derived for other shapes.
  QCOMPARE(Repetition::first_choice_baseline(8), 0.125);
  QVERIFY(std::abs(Repetition::any_choice_baseline(8, 2) - 0.464) < 5e-4);
  QVERIFY(std::abs(Repetition::any_choice_baseline(64, 8) - 0.679) < 5e-4);
  QVERIFY(std::abs(Repetition::any_choice_baseline(16, 2) - 0.242) < 5e-4);
  QCOMPARE(Repetition::any_choice_baseline(4, 3), 1.0);
}

void TestCoActivation::refuses_unknown_experts() {
  CoActivation c(2);
  const std::vector<std::int32_t> experts{2};
  QVERIFY_EXCEPTION_THROWN(c.add({1, experts, {}}), Error);
}

QTEST_GUILESS_MAIN(TestCoActivation)
#include "tst_co_activation.moc"
