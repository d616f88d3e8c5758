// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/top_tokens.h"
#include "engine/core/error.h"
#include "tests/engine/analysis/random_routing.h"

#include <QtTest>
#include <map>

using namespace moe;
using namespace moe::analysis;

class TestTopTokens : public QObject {
  Q_OBJECT
 private slots:
  void by_hand();
  void against_brute_force();
  void refuses_unknown_ids();
};

void TestTopTokens::by_hand() {
  TopTokens top(2, 5);
  const std::vector<std::int32_t> experts{0, 0, 0, 1, 1, 0, 1}, ids{3, 3, 4, 3, 4, 2, 4};
  top.add({1, experts, ids});
  const auto shares = top.by_share(0, 10, 2);  // id 2 was seen once: below the floor
  QCOMPARE(shares.size(), std::size_t{2});
  QCOMPARE(shares[0].token, 3);
  QCOMPARE(shares[0].count, std::int64_t{2});
  QCOMPARE(shares[0].seen, std::int64_t{3});
  QCOMPARE(shares[1].token, 4);
  QCOMPARE(top.by_share(0, 10, 1)[0].token, 2);  // all of its single occurrence
  QCOMPARE(top.by_count(1, 1).size(), std::size_t{1});
  QCOMPARE(top.by_count(1, 1)[0].token, 4);
}

void TestTopTokens::against_brute_force() {
  constexpr int experts = 4, vocabulary = 12;
  TopTokens top(experts, vocabulary);
  std::map<int, std::map<int, std::int64_t>> counts;
  std::map<int, std::int64_t> seen;
  for (const auto& text : test::random_texts(5, 8, 50, experts, 2, vocabulary, 0.2)) {
    top.add(text);
    for (std::size_t t = 0; t < text.ids.size(); ++t) {
      ++seen[text.ids[t]];
      for (const auto e : {text.experts[2 * t], text.experts[2 * t + 1]})
        if (e >= 0) ++counts[e][text.ids[t]];
    }
  }
  for (int e = 0; e < experts; ++e) {
    const auto list = top.by_share(e, vocabulary, 30);
    std::size_t expected = 0;
    for (const auto& [id, n] : counts[e]) expected += seen[id] >= 30;
    QCOMPARE(list.size(), expected);
    for (std::size_t i = 0; i < list.size(); ++i) {
      QCOMPARE(list[i].count, counts[e][list[i].token]);
      QCOMPARE(list[i].seen, seen[list[i].token]);
      if (i > 0) QVERIFY(list[i - 1].share() >= list[i].share());
    }
  }
}

void TestTopTokens::refuses_unknown_ids() {
  TopTokens top(2, 3);
  const std::vector<std::int32_t> experts{0}, high{3};
  QVERIFY_EXCEPTION_THROWN(top.add({1, experts, high}), Error);
}

QTEST_GUILESS_MAIN(TestTopTokens)
#include "tst_top_tokens.moc"
