// SPDX-License-Identifier: Apache-2.0
// Noise against its stream and finite differences; choices against hand-made answers.
#include <QtTest>
#include <numeric>
#include <set>

#include "engine/ops/ops.h"
#include "tests/support/gradient_check.h"
#include "tests/support/test_backend.h"

using namespace moe;
using moe::test::GradientCase;
using moe::test::TestArrays;

namespace {

RandomStream stream() { return RandomStream(3, Purpose::router_noise, 2, 1); }

}  // namespace

class TestChoosingOps : public QObject {
  Q_OBJECT
 private slots:
  void sigmoid();
  void jitter();
  void learned_noise();
  void smooth_load_data();
  void smooth_load();
  void squared_cv();
  void balance_of_sequences();
  void random_choices_are_distinct_and_even();
  void places_go_to_first_choices_first();
  void the_minimum_is_kept();
  void groups();
  void sinkhorn_is_balanced();
  void second_choices_stay_in_proportion();

 private:
  void verify(TestArrays& arrays, const GradientCase& c) {
    const std::string problem = test::check_gradient(arrays, c);
    QVERIFY2(problem.empty(), problem.c_str());
  }
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
  ops::Context ctx_{*backend_};
};

void TestChoosingOps::sigmoid() {
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({5, 4}, 2.0), y = a.out({5, 4}), dy = a.in({5, 4}), dx = a.out({5, 4});
  verify(a, {{{x, dx, true}},
             {y},
             {dy},
             [&] { ops::sigmoid_forward(ctx_, y, x); },
             [&] { ops::sigmoid_backward(ctx_, dx, dy, y, true); }});
}

void TestChoosingOps::jitter() {
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({7, 5}), y = a.out({7, 5}), dy = a.in({7, 5}), dx = a.out({7, 5});
  verify(a, {{{x, dx, true}},
             {y},
             {dy},
             [&] { ops::scale_uniform(ctx_, y, x, stream(), 0.2, false); },
             [&] { ops::scale_uniform(ctx_, dx, dy, stream(), 0.2, true); }});
  const auto from = a.get(x), to = a.get(y);
  for (std::size_t i = 0; i < from.size(); ++i) QVERIFY(std::abs(to[i] / from[i] - 1) <= 0.2);
}

void TestChoosingOps::learned_noise() {
  TestArrays a(*backend_, DType::f64);
  const View clean = a.in({6, 5}), raw = a.in({6, 5}), noisy = a.out({6, 5}), sigma = a.out({6, 5});
  const View dnoisy = a.in({6, 5}), dsigma = a.in({6, 5}), draw = a.out({6, 5}), dclean = a.out({6, 5});
  verify(a, {{{raw, draw, false}, {clean, dclean, false}},
             {noisy, sigma},
             {dnoisy, dsigma},
             [&] { ops::learned_noise_forward(ctx_, noisy, sigma, clean, raw, stream()); },
             [&] {
               ops::learned_noise_backward(ctx_, draw, dnoisy, dsigma, raw, stream());
               ops::copy(ctx_, dclean, dnoisy);
             }});
  for (const double width : a.get(sigma)) QVERIFY(width > 0.01);
}

void TestChoosingOps::smooth_load_data() {
  QTest::addColumn<int>("k");
  QTest::addColumn<bool>("own");
  for (const int k : {1, 2, 5, 6})
    for (const bool own : {true, false}) QTest::addRow("k = %d, %s", k, own ? "own" : "last") << k << own;
}

void TestChoosingOps::smooth_load() {
  QFETCH(int, k);
  QFETCH(bool, own);
  const auto kind = own ? LoadThreshold::own : LoadThreshold::last_chosen;
  TestArrays a(*backend_, DType::f64);
  const Shape all{9, 6};
  const View clean = a.in(all), noisy = a.in(all), sigma = a.in(all, 0.05, 0.6), load = a.out({6}), dload = a.in({6});
  const View dclean = a.out(all), dnoisy = a.out(all), dsigma = a.out(all);
  verify(a, {{{clean, dclean, true}, {noisy, dnoisy, true}, {sigma, dsigma, true}},
             {load},
             {dload},
             [&] { ops::smooth_load_forward(ctx_, load, clean, noisy, sigma, k, kind); },
             [&] { ops::smooth_load_backward(ctx_, dclean, dnoisy, dsigma, dload, clean, noisy, sigma, k, kind); }});
}

void TestChoosingOps::squared_cv() {
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({7}, 0.3, 1.0), loss = a.out({1}), dloss = a.in({1}), dx = a.out({7});
  verify(a, {{{x, dx, false}},
             {loss},
             {dloss},
             [&] { a.set(loss, {ops::squared_cv(ctx_, x)}); },
             [&] { ops::squared_cv_backward(ctx_, dx, x, a.get(dloss)[0]); }});
}

// Each sequence is a loss of its own; the mean of those is what the op reports and what its gradient belongs to.
void TestChoosingOps::balance_of_sequences() {
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({8, 3}), p = a.out({8, 3}), loss = a.out({1}), dloss = a.in({1}), ds = a.out({8, 3});
  const View counts = a.ints({2, 3}, [](std::int64_t i) { return std::array{5, 2, 1, 0, 4, 4}[std::size_t(i)]; });
  const View dp = a.out({8, 3}), through = a.out({8, 3});
  verify(a, {{{s, ds, true}},
             {loss},
             {dloss},
             [&] {
               ops::softmax_forward(ctx_, p, s);
               a.set(loss, {ops::balance_loss(ctx_, p, counts, 2)});
             },
             [&] { ops::balance_loss_backward(ctx_, ds, p, counts, 2, a.get(dloss)[0]); }});
  ops::fill(ctx_, dp, 0.0);
  ops::balance_gradient(ctx_, dp, counts, 2, 1.0);
  ops::softmax_backward(ctx_, through, dp, p, false);
  ops::fill(ctx_, ds, 0.0);
  ops::balance_loss_backward(ctx_, ds, p, counts, 2, 1.0);
  const auto x = a.get(through), y = a.get(ds);
  for (std::size_t i = 0; i < x.size(); ++i) QVERIFY(std::abs(x[i] - y[i]) < 1e-12);
}

void TestChoosingOps::random_choices_are_distinct_and_even() {
  constexpr int kTokens = 20000, kExperts = 7, kChoices = 3;
  TestArrays a(*backend_, DType::f32);
  const View ids = a.out_ints({kTokens, kChoices});
  ops::random_choices(ctx_, ids, stream(), 1.0, kExperts);
  const auto got = a.get(ids);
  std::vector<int> counts(kExperts);
  for (std::size_t t = 0; t < kTokens; ++t) {
    std::set<double> seen(got.begin() + std::ptrdiff_t(t * 3), got.begin() + std::ptrdiff_t(t * 3 + 3));
    QCOMPARE(seen.size(), std::size_t(3));
    for (const double e : seen) ++counts[std::size_t(e)];
  }
  const double fair = 1.0 * kTokens * kChoices / kExperts;
  for (const int n : counts) QVERIFY(std::abs(n - fair) < 5 * std::sqrt(fair));
}

void TestChoosingOps::places_go_to_first_choices_first() {
  TestArrays a(*backend_, DType::f32);
  // Expert 0 is token 0's second choice and the first one of tokens 1 to 3; it has two places.
  const View ids = a.ints({4, 2}, [](std::int64_t i) { return std::array{1, 0, 0, 2, 0, 1, 0, -1}[std::size_t(i)]; });
  const View weights =
      a.in({4, 2}, [](std::int64_t i) { return std::array{.5, .9, .2, .1, .6, .1, .4, .0}[std::size_t(i)]; });
  const View kept = a.out_ints({4, 2});
  ops::limit_capacity(ctx_, kept, ids, weights, 3, 2, false);
  QCOMPARE(a.get(kept), (std::vector<double>{1, -1, 0, 2, 0, 1, -1, -1}));
  ops::limit_capacity(ctx_, kept, ids, weights, 3, 2, true);
  QCOMPARE(a.get(kept), (std::vector<double>{1, -1, -1, 2, 0, 1, 0, -1}));
}

void TestChoosingOps::the_minimum_is_kept() {
  TestArrays a(*backend_, DType::f32);
  const View ids = a.ints({6, 2}, [](std::int64_t i) { return i % 2; });  // everyone at experts 0 and 1
  const View scores = a.in({6, 4}, [](std::int64_t i) { return i % 4 == 3 ? 5.0 - double(i) / 4 : double(i) / 10; });
  ops::guarantee_minimum(ctx_, ids, scores, 2);
  const auto got = a.get(ids);
  std::vector<int> counts(4);
  for (const double e : got) ++counts[std::size_t(e)];
  QCOMPARE(counts, (std::vector<int>{6, 2, 2, 2}));
  QCOMPARE(got[1], 3.0);   // token 0 rates expert 3 highest
  QCOMPARE(got[11], 2.0);  // token 5 rates expert 2 highest
}

void TestChoosingOps::groups() {
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({1, 6}, [](std::int64_t i) { return std::array{9., 0., 4., 5., 1., 2.}[std::size_t(i)]; });
  const View y = a.out({1, 6});
  ops::mask_groups(ctx_, y, x, 3, 2);
  const double none = -std::numeric_limits<double>::infinity();
  QCOMPARE(a.get(y), (std::vector<double>{9, 0, 4, 5, none, none}));
  ops::mask_groups(ctx_, y, x, 3, 1);  // 9 + 0 ties with 4 + 5: the lower group
  QCOMPARE(a.get(y), (std::vector<double>{9, 0, none, none, none, none}));
}

void TestChoosingOps::sinkhorn_is_balanced() {
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({40, 5}, 3.0), plan = a.out({40, 5});
  ops::sinkhorn(ctx_, plan, s, 1e-9, 5000);
  const auto p = a.get(plan);
  for (std::size_t e = 0; e < 5; ++e) {
    double column = 0;
    for (std::size_t t = 0; t < 40; ++t) column += p[t * 5 + e];
    QVERIFY(std::abs(column - 0.2) < 1e-4);
  }
  for (std::size_t t = 0; t < 40; ++t)
    QVERIFY(std::abs(std::accumulate(p.begin() + std::ptrdiff_t(t * 5), p.begin() + std::ptrdiff_t(t * 5 + 5), 0.0) -
                     1.0 / 40) < 1e-4);
}

void TestChoosingOps::second_choices_stay_in_proportion() {
  constexpr int kTokens = 20000;
  TestArrays a(*backend_, DType::f32);
  const View ids = a.ints({kTokens, 2}, [](std::int64_t i) { return i % 2; });
  const View weights = a.in({kTokens, 2}, [](std::int64_t i) { return i % 2 ? 0.15 : 0.85; });
  ops::keep_second(ctx_, ids, weights, stream());
  const auto got = a.get(ids);
  int kept = 0;
  for (std::size_t t = 0; t < kTokens; ++t) {
    QCOMPARE(got[2 * t], 0.0);
    kept += got[2 * t + 1] >= 0;
  }
  QVERIFY(std::abs(kept - 0.3 * kTokens) < 5 * std::sqrt(0.21 * kTokens));
}

DEVICE_TEST_MAIN(TestChoosingOps)
#include "tst_choosing_ops.moc"
