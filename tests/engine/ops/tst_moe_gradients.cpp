// SPDX-License-Identifier: Apache-2.0
// Every x_backward of routing and dispatch against finite differences.
#include <QtTest>

#include "engine/ops/ops.h"
#include "tests/support/gradient_check.h"
#include "tests/support/test_backend.h"

using namespace moe;
using moe::test::GradientCase;
using moe::test::TestArrays;

class TestMoeGradients : public QObject {
  Q_OBJECT
 private slots:
  void softmax_data();
  void softmax();
  void take_and_renormalise_data();
  void take_and_renormalise();
  void balance_loss();
  void z_loss();
  void permute_data();
  void permute();
  void combine_data();
  void combine();

 private:
  struct Routed {
    View ids, weights;
    Plan plan;
  };
  Routed routed(TestArrays& a, int tokens, int k, int experts);
  void verify(TestArrays& arrays, const GradientCase& c) {
    const std::string problem = test::check_gradient(arrays, c);
    QVERIFY2(problem.empty(), problem.c_str());
  }
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
  ops::Context ctx_{*backend_};
};

void TestMoeGradients::softmax_data() {
  QTest::addColumn<bool>("accumulate");
  QTest::newRow("written") << false;
  QTest::newRow("accumulated") << true;
}

void TestMoeGradients::softmax() {
  QFETCH(bool, accumulate);
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({7, 5}), p = a.out({7, 5}), dp = a.in({7, 5}), ds = a.out({7, 5});
  verify(a, {{{s, ds, accumulate}},
             {p},
             {dp},
             [&] { ops::softmax_forward(ctx_, p, s); },
             [&] { ops::softmax_backward(ctx_, ds, dp, p, accumulate); }});
}

void TestMoeGradients::take_and_renormalise_data() {
  QTest::addColumn<int>("k");
  QTest::newRow("k = 1") << 1;
  QTest::newRow("k = 2") << 2;
  QTest::newRow("k = E") << 6;
}

void TestMoeGradients::take_and_renormalise() {
  QFETCH(int, k);
  TestArrays a(*backend_, DType::f64);
  const View p = a.in({9, 6}, [](std::int64_t i) { return 0.1 + 0.01 * static_cast<double>(i * 7 % 54); });
  const View ids = a.out_ints({9, k}), chosen = a.out({9, k}), w = a.out({9, k});
  const View dw = a.in({9, k}), dchosen = a.out({9, k}), dp = a.out({9, 6});
  ops::top_k(ctx_, ids, p, k);
  verify(a, {{{p, dp, true}},
             {w},
             {dw},
             [&] {
               ops::take_forward(ctx_, chosen, p, ids);
               ops::renormalise_forward(ctx_, w, chosen, 1e-3);
             },
             [&] {
               ops::renormalise_backward(ctx_, dchosen, dw, chosen, 1e-3);
               ops::take_backward(ctx_, dp, dchosen, ids);
             }});
}

// The objective is the loss itself, so its cotangent is undone by dividing: loss = E·Σ f·P with the counts held fixed.
void TestMoeGradients::balance_loss() {
  constexpr int kTokens = 7, kExperts = 5, kChoices = 2;
  constexpr double kCoefficient = 0.3;
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({kTokens, kExperts}), p = a.out({kTokens, kExperts}), mean = a.out({kExperts});
  const View counts = a.ints({kExperts}, [](std::int64_t e) { return std::array{5, 0, 4, 2, 3}[std::size_t(e)]; });
  const View loss = a.out({1}), dloss = a.in({1}), ds = a.out({kTokens, kExperts});
  verify(a, {{{s, ds, true}},
             {loss},
             {dloss},
             [&] {
               ops::softmax_forward(ctx_, p, s);
               ops::column_mean(ctx_, mean, p);
               const auto share = a.get(mean), count = a.get(counts);
               double total = 0;
               for (std::size_t e = 0; e < kExperts; ++e) total += count[e] / (kTokens * kChoices) * share[e];
               a.set(loss, {kCoefficient * kExperts * total});
             },
             [&] { ops::balance_loss_backward(ctx_, ds, p, counts, kChoices, kCoefficient * a.get(dloss)[0]); }});
}

void TestMoeGradients::z_loss() {
  constexpr double kCoefficient = 0.2;
  TestArrays a(*backend_, DType::f64);
  const View s = a.in({7, 5}), p = a.out({7, 5}), lse = a.out({7}), loss = a.out({1}), dloss = a.in({1});
  const View ds = a.out({7, 5});
  verify(a, {{{s, ds, true}},
             {loss},
             {dloss},
             [&] {
               ops::softmax_forward(ctx_, p, s);
               ops::log_sum_exp(ctx_, lse, s);
               double total = 0;
               for (const double l : a.get(lse)) total += l * l;
               a.set(loss, {kCoefficient * total / 7});
             },
             [&] { ops::z_loss_backward(ctx_, ds, p, lse, kCoefficient * a.get(dloss)[0]); }});
}

TestMoeGradients::Routed TestMoeGradients::routed(TestArrays& a, int tokens, int k, int experts) {
  const int rows = tokens * k;
  Routed r;
  // Some choices are dropped, the last expert gets none, a token may have no assignment at all.
  r.ids = a.ints({tokens, k}, [&](std::int64_t i) { return i % 5 == 1 || i / k == 2 ? -1 : i * 3 % (experts - 1); });
  r.weights = a.in({tokens, k}, 0.2, 0.5);
  r.plan = {a.ints({rows}, [](std::int64_t) { return 0; }),
            a.ints({rows}, [](std::int64_t) { return 0; }),
            a.in({rows}),
            a.out_ints({experts + 1}),
            a.out_ints({tokens + 1}),
            a.ints({rows}, [](std::int64_t) { return 0; })};
  ops::plan_from_choices(ctx_, r.plan, r.ids, r.weights, experts);
  return r;
}

void TestMoeGradients::permute_data() { softmax_data(); }

void TestMoeGradients::permute() {
  QFETCH(bool, accumulate);
  TestArrays a(*backend_, DType::f64);
  const Routed r = routed(a, 9, 2, 4);
  const View x = a.in({9, 3}), sorted = a.in({18, 3}), dsorted = a.in({18, 3}), dx = a.out({9, 3});
  verify(a, {{{x, dx, accumulate}},
             {sorted},
             {dsorted},
             [&] { ops::permute(ctx_, sorted, x, r.plan); },
             [&] { ops::unpermute(ctx_, dx, dsorted, r.plan, accumulate); }});
}

void TestMoeGradients::combine_data() {
  QTest::addColumn<int>("k");
  QTest::addColumn<int>("kind");
  QTest::newRow("one choice, swiglu") << 1 << int(Activation::swiglu);
  QTest::newRow("three choices, swiglu") << 3 << int(Activation::swiglu);
  QTest::newRow("three choices, relu") << 3 << int(Activation::relu);
  QTest::newRow("three choices, gelu") << 3 << int(Activation::gelu);
}

// Rows weighted where they are activated, then added up by token. Gradients of rows that no assignment uses stay as
// they were, so only the rows in use are compared.
void TestMoeGradients::combine() {
  QFETCH(int, k);
  QFETCH(int, kind);
  const auto what = static_cast<Activation>(kind);
  const int width = what == Activation::swiglu ? 6 : 3;
  TestArrays a(*backend_, DType::f64);
  Routed r = routed(a, 9, k, 4);
  const int used = static_cast<int>(a.get(r.plan.offsets).back());
  const View h = a.in({9 * k, width}), sorted = a.out({9 * k, 3}), y = a.out({9, 3}), dy = a.in({9, 3});
  const View dsorted = a.out({9 * k, 3}), dh = a.out({9 * k, width}), drow = a.out({9 * k}), dweights = a.out({9, k});
  verify(a, {{{h.rows(0, used), dh.rows(0, used), false}, {r.weights, dweights, false}},
             {y},
             {dy},
             [&] {
               ops::plan_from_choices(ctx_, r.plan, r.ids, r.weights, 4);
               ops::activation_forward(ctx_, sorted, h, what, used, r.plan.weights);
               ops::unpermute(ctx_, y, sorted, r.plan, false);
             },
             [&] {
               ops::permute(ctx_, dsorted, dy, r.plan);
               ops::activation_backward(ctx_, dh, dsorted, h, what, used, r.plan.weights, drow);
               ops::choices_from_plan(ctx_, dweights, drow, r.plan);
             }});
}

DEVICE_TEST_MAIN(TestMoeGradients)
#include "tst_moe_gradients.moc"
