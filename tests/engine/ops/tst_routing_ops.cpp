// SPDX-License-Identifier: Apache-2.0
// Top-k with ties and NaN, hostile softmax rows, plans and the rows they leave alone, hand-computed routing figures.
#include <QtTest>
#include <set>

#include "engine/ops/ops.h"
#include "tests/support/test_arrays.h"
#include "tests/support/test_backend.h"

using namespace moe;
using moe::test::TestArrays;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

}  // namespace

class TestRoutingOps : public QObject {
  Q_OBJECT
 private slots:
  void top_k_data();
  void top_k();
  void top_k_sorts_any_row();
  void hostile_softmax_rows();
  void balance_of_known_logits();
  void add_normal_is_the_stream();
  void plan_groups_in_token_order();
  void rows_beyond_the_plan_are_untouched();

 private:
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
  ops::Context ctx_{*backend_};
};

void TestRoutingOps::top_k_data() {
  QTest::addColumn<QVector<double>>("scores");
  QTest::addColumn<QVector<int>>("expected");
  QTest::newRow("descending") << QVector<double>{1, 4, 2, 3} << QVector<int>{1, 3, 2};
  QTest::newRow("ties go to the lower index") << QVector<double>{2, 5, 5, 2} << QVector<int>{1, 2, 0};
  QTest::newRow("all equal") << QVector<double>{7, 7, 7, 7} << QVector<int>{0, 1, 2};
  QTest::newRow("NaN counts as minus infinity") << QVector<double>{kNan, 1, kNan, 2} << QVector<int>{3, 1, 0};
  QTest::newRow("NaN ties with minus infinity") << QVector<double>{-kInf, kNan, -1, kNan} << QVector<int>{2, 0, 1};
  QTest::newRow("all NaN") << QVector<double>{kNan, kNan, kNan, kNan} << QVector<int>{0, 1, 2};
  QTest::newRow("infinities") << QVector<double>{-kInf, kInf, 0, kInf} << QVector<int>{1, 3, 2};
}

void TestRoutingOps::top_k() {
  QFETCH(QVector<double>, scores);
  QFETCH(QVector<int>, expected);
  for (const DType dtype : {DType::f32, DType::f64})
    for (int k = 1; k <= 3; ++k) {
      TestArrays a(*backend_, dtype);
      const View s = a.in({1, 4}, [&](std::int64_t i) { return scores[int(i)]; }), ids = a.out_ints({1, k});
      ops::top_k(ctx_, ids, s, k);
      const auto got = a.get(ids);
      for (int i = 0; i < k; ++i) QCOMPARE(int(got[std::size_t(i)]), expected[i]);
      QVERIFY(a.sentinels_intact());
    }
}

void TestRoutingOps::top_k_sorts_any_row() {
  constexpr int kRows = 50, kExperts = 67;
  for (const int k : {1, 2, 8, kExperts}) {
    TestArrays a(*backend_, DType::f32);
    // Few distinct values, so that ties are frequent.
    const View s = a.in({kRows, kExperts}, [](std::int64_t i) { return static_cast<double>(i * i % 13); });
    const View ids = a.out_ints({kRows, k});
    ops::top_k(ctx_, ids, s, k);
    const auto scores = a.get(s), got = a.get(ids);
    for (std::size_t t = 0; t < kRows; ++t) {
      std::vector<int> order(kExperts);
      for (int e = 0; e < kExperts; ++e) order[std::size_t(e)] = e;
      std::stable_sort(order.begin(), order.end(), [&](int x, int y) {
        return scores[t * kExperts + std::size_t(x)] > scores[t * kExperts + std::size_t(y)];
      });
      for (std::size_t i = 0; i < std::size_t(k); ++i) QCOMPARE(int(got[t * std::size_t(k) + i]), order[i]);
    }
  }
}

void TestRoutingOps::hostile_softmax_rows() {
  TestArrays a(*backend_, DType::f32);
  const std::vector<double> rows{kNan, 1, 2, -kInf, -kInf, -kInf, -kInf, 0, 0, 1e30, -1e30, 0};
  const View s = a.in({4, 3}, [&](std::int64_t i) { return rows[std::size_t(i)]; });
  const View p = a.out({4, 3}), ids = a.out_ints({4, 3});
  ops::softmax_forward(ctx_, p, s);
  ops::top_k(ctx_, ids, p, 3);
  const auto probabilities = a.get(p), chosen = a.get(ids);
  QVERIFY(std::isnan(probabilities[0]));  // shown, not hidden: the step is refused by the finite check
  for (std::size_t t = 0; t < 4; ++t)
    QCOMPARE(
        std::set<double>(chosen.begin() + 3 * std::ptrdiff_t(t), chosen.begin() + 3 * std::ptrdiff_t(t + 1)).size(),
        std::size_t(3));
  QCOMPARE(probabilities[6], 0.0);
  QCOMPARE(probabilities[7], 0.5);
  QCOMPARE(probabilities[9], 1.0);
}

// Logits worked out by hand in float64: P, E·Σ f·P, the mean of lse² and the entropy of the loads.
void TestRoutingOps::balance_of_known_logits() {
  const std::vector<double> logits{2, 1, 0, -1, 1.5, 2.5, .5, 0, .2, .1, .3, 0, 3, -1, 1, 2};
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({4, 4}, [&](std::int64_t i) { return logits[std::size_t(i)]; });
  a.set(s, logits);  // not rounded to float32
  const View p = a.out({4, 4}), mean = a.out({4}), lse = a.out({4});
  ops::softmax_forward(ctx_, p, s);
  ops::column_mean(ctx_, mean, p);
  ops::log_sum_exp(ctx_, lse, s);
  const std::vector<double> expected{.448597, .279011, .137528, .134865};
  const auto share = a.get(mean);
  for (std::size_t e = 0; e < 4; ++e) QVERIFY(std::fabs(share[e] - expected[e]) < 5e-7);
  double z = 0;
  for (const double l : a.get(lse)) z += l * l / 4;
  QVERIFY(std::fabs(z - 7.198646) < 5e-7);

  struct Case {
    int k;
    std::vector<double> counts;
    double loss;
  };
  for (const Case& c : {Case{1, {2, 1, 1, 0}, 1.313732}, Case{2, {4, 2, 1, 1}, 1.312400}}) {
    const View ids = a.out_ints({4, c.k}), weights = a.out({4, c.k}), counts = a.out_ints({4}), mass = a.out({4});
    ops::top_k(ctx_, ids, s, c.k);
    ops::take_forward(ctx_, weights, p, ids);
    ops::count_choices(ctx_, counts, mass, ids, weights);
    QVERIFY(a.get(counts) == c.counts);
    double loss = 0;
    for (std::size_t e = 0; e < 4; ++e) loss += 4 * c.counts[e] / (4 * c.k) * share[e];
    QVERIFY(std::fabs(loss - c.loss) < 5e-7);
  }
}

void TestRoutingOps::add_normal_is_the_stream() {
  const RandomStream stream(5, Purpose::router_noise, 17, 2);
  TestArrays a(*backend_, DType::f64);
  const View x = a.inout({33, 7});
  const auto before = a.get(x);
  ops::add_normal(ctx_, x, stream, 0.25);
  const auto after = a.get(x);
  for (std::size_t i = 0; i < after.size(); ++i) QCOMPARE(after[i], before[i] + 0.25 * stream.normal(i));
}

void TestRoutingOps::plan_groups_in_token_order() {
  TestArrays a(*backend_, DType::f32);
  const std::vector<int> choice{2, 0, -1, 2, 0, 2, -1, -1, 2, 3};  // 5 tokens, K = 2, 5 experts
  const View ids = a.ints({5, 2}, [&](std::int64_t i) { return choice[std::size_t(i)]; });
  const View weights = a.in({5, 2}, [](std::int64_t i) { return 0.25 * static_cast<double>(i); });
  Plan plan{a.out_ints({10}), a.out_ints({10}), a.out({10}), a.out_ints({6}), a.out_ints({6}), a.out_ints({10})};
  ops::plan_from_choices(ctx_, plan, ids, weights, 5);
  const auto head = [&](View v, std::size_t n) {
    auto values = a.get(v);
    values.resize(n);
    return values;
  };
  using V = std::vector<double>;
  QVERIFY(a.get(plan.offsets) == (V{0, 2, 2, 6, 7, 7}));
  QVERIFY(head(plan.token_ids, 7) == (V{0, 2, 0, 1, 2, 4, 4}));
  QVERIFY(head(plan.choices, 7) == (V{1, 4, 0, 3, 5, 8, 9}));
  QVERIFY(head(plan.weights, 7) == (V{0.25, 1, 0, 0.75, 1.25, 2, 2.25}));
  QVERIFY(a.get(plan.token_offsets) == (V{0, 2, 3, 5, 5, 7}));
  QVERIFY(head(plan.token_rows, 7) == (V{2, 0, 3, 1, 4, 5, 6}));
  QVERIFY(a.sentinels_intact());
}

void TestRoutingOps::rows_beyond_the_plan_are_untouched() {
  constexpr int kRows = 40, kUsed = 23;
  for (const auto precision : {MatmulPrecision::native, MatmulPrecision::bf16}) {
    ops::Context ctx{*backend_, precision};
    TestArrays a(*backend_, DType::f32);
    const View x = a.in({kRows, 6}), w = a.in({3, 9, 6}), y = a.inout({kRows, 9});
    const View offsets = a.ints({4}, [](std::int64_t e) { return std::array{0, 5, 5, kUsed}[std::size_t(e)]; });
    const View dx = a.inout({kRows, 6}), dw = a.inout({3, 9, 6}), act = a.inout({kRows, 3}), in = a.in({kRows, 6});
    const std::vector<View> written{y, dx, act};
    std::vector<std::vector<char>> before;
    for (const View v : written) before.push_back(a.bytes(v.rows(kUsed, kRows)));
    const auto idle_expert = a.bytes(dw.rows(1, 2)), busy_expert = a.bytes(dw.rows(0, 1));
    ops::grouped_linear_forward(ctx, y, x, w, offsets);
    ops::grouped_linear_backward(ctx, dx, dw, y, x, w, offsets);
    ops::activation_forward(ctx, act, in, Activation::swiglu, kUsed);
    for (std::size_t i = 0; i < written.size(); ++i) QVERIFY(a.bytes(written[i].rows(kUsed, kRows)) == before[i]);
    QVERIFY(a.bytes(dw.rows(1, 2)) == idle_expert);
    QVERIFY(a.bytes(dw.rows(0, 1)) != busy_expert);
    QVERIFY(a.sentinels_intact());
  }
}

DEVICE_TEST_MAIN(TestRoutingOps)
#include "tst_routing_ops.moc"
