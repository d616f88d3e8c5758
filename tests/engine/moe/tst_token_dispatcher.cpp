// SPDX-License-Identifier: Apache-2.0
// The way of tokens to experts and back with any number of choices per token, dropped ones included, as capacity and
// expert choice need it.
#include "tests/engine/moe/routing_bench.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <cmath>

using namespace moe;
using namespace moe::routing;
using namespace moe::test;

namespace {

constexpr int kTokens = 5, kWidth = 3, kExperts = 4, kChoices = 3;
// Token 1 has no expert at all, token 3 all three.
const std::vector<std::int32_t> kIds{2, -1, 0, -1, -1, -1, 1, 2, -1, 3, 0, 2, -1, 2, -1};

struct Setting {
  RoutingBench bench;
  nn::Pass pass = bench.pass(kTokens);
  Decision decision;
  View x, ids;
  std::vector<double> weights;

  Setting() {
    std::vector<double> values;
    for (int i = 0; i < kTokens * kWidth; ++i) values.push_back(std::sin(i + 1.0));
    for (int i = 0; i < kTokens * kChoices; ++i) weights.push_back(0.1 + 0.05 * i);
    x = bench.device(values, {kTokens, kWidth});
    ids = bench.arena.take(DType::i32, {kTokens, kChoices});
    std::copy(kIds.begin(), kIds.end(), ids.as<std::int32_t>());
    decision.choices = kChoices;
    decision.kept_ids = decision.ids = ids;
    decision.weights = bench.device(weights, {kTokens, kChoices});
  }
};

std::size_t at(int row, int column, int width) { return static_cast<std::size_t>(row * width + column); }

}  // namespace

class TestTokenDispatcher : public QObject {
  Q_OBJECT
 private slots:
  void rows_are_grouped_and_stable();
  void combine_is_the_sum_of_a_tokens_rows();
  void backward_is_the_transpose();
};

void TestTokenDispatcher::rows_are_grouped_and_stable() {
  Setting s;
  TokenDispatcher dispatcher;
  const View sorted = dispatcher.dispatch(s.pass, s.x, s.decision, kExperts);
  const std::vector<double> offsets = host(dispatcher.plan().offsets);
  QCOMPARE(offsets, (std::vector<double>{0, 2, 3, 7, 8}));
  const std::vector<double> tokens = host(dispatcher.plan().token_ids);
  const std::vector<double> expected{0, 3, 2, 0, 2, 3, 4, 3};
  for (std::size_t r = 0; r < expected.size(); ++r) {
    QCOMPARE(tokens[r], expected[r]);
    for (int c = 0; c < kWidth; ++c)
      QCOMPARE(sorted.as<double>()[r * kWidth + static_cast<std::size_t>(c)],
               s.x.as<double>()[at(static_cast<int>(expected[r]), c, kWidth)]);
  }
}

void TestTokenDispatcher::combine_is_the_sum_of_a_tokens_rows() {
  Setting s;
  TokenDispatcher dispatcher;
  const View sorted = dispatcher.dispatch(s.pass, s.x, s.decision, kExperts);
  // Expert e multiplies by e + 1, and weights its rows.
  const auto offsets = host(dispatcher.plan().offsets), weights = host(dispatcher.plan().weights);
  for (int e = 0; e < kExperts; ++e)
    for (int r = static_cast<int>(offsets[static_cast<std::size_t>(e)]);
         r < static_cast<int>(offsets[static_cast<std::size_t>(e) + 1]); ++r)
      for (int c = 0; c < kWidth; ++c)
        sorted.as<double>()[at(r, c, kWidth)] *= weights[static_cast<std::size_t>(r)] * (e + 1);
  View y = s.bench.device(std::vector<double>(kTokens * kWidth, 1.0), {kTokens, kWidth});
  dispatcher.combine(s.pass, y, sorted, /*accumulate=*/true);
  for (int t = 0; t < kTokens; ++t)
    for (int c = 0; c < kWidth; ++c) {
      double want = 1;
      for (int k = 0; k < kChoices; ++k)
        if (const auto e = kIds[at(t, k, kChoices)]; e >= 0)
          want += s.weights[at(t, k, kChoices)] * (e + 1) * s.x.as<double>()[at(t, c, kWidth)];
      QVERIFY(std::abs(y.as<double>()[at(t, c, kWidth)] - want) < 1e-14);
    }
}

void TestTokenDispatcher::backward_is_the_transpose() {
  Setting s;
  TokenDispatcher dispatcher;
  dispatcher.dispatch(s.pass, s.x, s.decision, kExperts);
  std::vector<double> upstream;
  for (int i = 0; i < kTokens * kWidth; ++i) upstream.push_back(std::cos(2.0 * i));
  const View dy = s.bench.device(upstream, {kTokens, kWidth});
  const View dy_sorted = dispatcher.combine_backward(s.pass, dy);
  View dx = s.bench.device(std::vector<double>(kTokens * kWidth, 0.0), {kTokens, kWidth});
  dispatcher.dispatch_backward(s.pass, dx, dy_sorted, /*accumulate=*/false);
  const View by_choice = dispatcher.by_choice(s.pass, dispatcher.plan().weights);
  for (int t = 0; t < kTokens; ++t) {
    int kept = 0;
    for (int k = 0; k < kChoices; ++k) {
      const bool here = kIds[at(t, k, kChoices)] >= 0;
      kept += here ? 1 : 0;
      QCOMPARE(by_choice.as<double>()[at(t, k, kChoices)], here ? s.weights[at(t, k, kChoices)] : 0.0);
    }
    for (int c = 0; c < kWidth; ++c)
      QVERIFY(std::abs(dx.as<double>()[at(t, c, kWidth)] - kept * upstream[at(t, c, kWidth)]) < 1e-14);
  }
}

DEVICE_TEST_MAIN(TestTokenDispatcher)
#include "tst_token_dispatcher.moc"
