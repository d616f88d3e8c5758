// SPDX-License-Identifier: Apache-2.0
// Every x_backward of the dense families against finite differences.
#include <QtTest>

#include "engine/ops/ops.h"
#include "tests/support/gradient_check.h"
#include "tests/support/test_backend.h"

using namespace moe;
using moe::test::GradientCase;
using moe::test::TestArrays;

class TestGradients : public QObject {
  Q_OBJECT
 private slots:
  void linear_data();
  void linear();
  void grouped_linear_data();
  void grouped_linear();
  void rms_norm_data();
  void rms_norm();
  void add_rms_norm();
  void rope();
  void attention_data();
  void attention();
  void activation_data();
  void activation();
  void embedding();
  void cross_entropy();
  void squared_error_data();
  void squared_error();

 private:
  void verify(TestArrays& arrays, const GradientCase& c) {
    const std::string problem = test::check_gradient(arrays, c);
    QVERIFY2(problem.empty(), problem.c_str());
  }
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
  ops::Context ctx_{*backend_};
};

void TestGradients::linear_data() {
  QTest::addColumn<int>("tokens");
  QTest::addColumn<bool>("accumulate");
  QTest::newRow("one token") << 1 << false;
  QTest::newRow("7 tokens") << 7 << true;
  QTest::newRow("33 tokens") << 33 << false;
}

void TestGradients::linear() {
  QFETCH(int, tokens);
  QFETCH(bool, accumulate);
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({tokens, 5}), w = a.in({9, 5}), y = a.out({tokens, 9}), dy = a.in({tokens, 9});
  const View dx = a.out({tokens, 5}), dw = a.out({9, 5});
  verify(a, {{{x, dx, accumulate}, {w, dw, true}},
             {y},
             {dy},
             [&] { ops::linear_forward(ctx_, y, x, w); },
             [&] { ops::linear_backward(ctx_, dx, dw, dy, x, w, accumulate); }});
}

void TestGradients::grouped_linear_data() {
  QTest::addColumn<QVector<int>>("offsets");
  QTest::newRow("an empty expert") << QVector<int>{0, 3, 3, 10};
  QTest::newRow("one takes all") << QVector<int>{0, 0, 10, 10};
  QTest::newRow("no rows at all") << QVector<int>{0, 0, 0, 0};
  QTest::newRow("one row each") << QVector<int>{0, 1, 2, 3};
}

void TestGradients::grouped_linear() {
  QFETCH(QVector<int>, offsets);
  TestArrays a(*backend_, DType::f64);
  const int rows = offsets.back();  // rows beyond are checked in tst_routing_ops
  const View x = a.in({rows, 4}), w = a.in({3, 6, 4}), y = a.out({rows, 6}), dy = a.in({rows, 6});
  const View dx = a.out({rows, 4}), dw = a.out({3, 6, 4});
  const View starts = a.ints({4}, [&](std::int64_t i) { return offsets[static_cast<int>(i)]; });
  verify(a, {{{x, dx, false}, {w, dw, true}},
             {y},
             {dy},
             [&] { ops::grouped_linear_forward(ctx_, y, x, w, starts); },
             [&] { ops::grouped_linear_backward(ctx_, dx, dw, dy, x, w, starts); }});
}

void TestGradients::rms_norm_data() { linear_data(); }

void TestGradients::rms_norm() {
  QFETCH(int, tokens);
  QFETCH(bool, accumulate);
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({tokens, 11}), w = a.in({11}, 0.3, 1.0), y = a.out({tokens, 11}), inv = a.out({tokens});
  const View dy = a.in({tokens, 11}), dx = a.out({tokens, 11}), dw = a.out({11});
  verify(a, {{{x, dx, accumulate}, {w, dw, true}},
             {y},
             {dy},
             [&] { ops::rms_norm_forward(ctx_, y, inv, x, w, 1e-5); },
             [&] { ops::rms_norm_backward(ctx_, dx, dw, dy, x, inv, w, accumulate); }});
}

// The sum feeds both the norm and the residual stream: its gradient is what arrives plus what the norm sends back.
void TestGradients::add_rms_norm() {
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({7, 6}), delta = a.in({7, 6}), w = a.in({6}, 0.3, 1.0);
  const View sum = a.out({7, 6}), y = a.out({7, 6}), inv = a.out({7});
  const View dsum = a.in({7, 6}), dy = a.in({7, 6}), dx = a.out({7, 6}), ddelta = a.out({7, 6}), dw = a.out({6});
  verify(a, {{{x, dx, false}, {delta, ddelta, false}, {w, dw, true}},
             {sum, y},
             {dsum, dy},
             [&] { ops::add_rms_norm_forward(ctx_, sum, y, inv, x, delta, w, 1e-5); },
             [&] {
               ops::copy(ctx_, dx, dsum);
               ops::rms_norm_backward(ctx_, dx, dw, dy, sum, inv, w, true);
               ops::copy(ctx_, ddelta, dx);
             }});
}

void TestGradients::rope() {
  const AttentionShape s{2, 5, 2, 1, 6};
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({10, s.qkv_width()}), y = a.out({10, s.qkv_width()});
  const View dy = a.in({10, s.qkv_width()}), dx = a.out({10, s.qkv_width()});
  verify(a, {{{x, dx, false}},
             {y},
             {dy},
             [&] { ops::rope_forward(ctx_, y, x, s, 10000.0); },
             [&] { ops::rope_backward(ctx_, dx, dy, s, 10000.0); }});
}

void TestGradients::attention_data() {
  QTest::addColumn<int>("batch");
  QTest::addColumn<int>("context");
  QTest::addColumn<int>("heads");
  QTest::addColumn<int>("kv_heads");
  QTest::addColumn<int>("dim");
  QTest::newRow("one position") << 2 << 1 << 2 << 2 << 4;
  QTest::newRow("7 positions") << 2 << 7 << 2 << 2 << 3;
  QTest::newRow("grouped queries") << 1 << 9 << 4 << 2 << 2;
  QTest::newRow("one kv head, two blocks") << 1 << 70 << 3 << 1 << 2;
}

void TestGradients::attention() {
  QFETCH(int, batch);
  QFETCH(int, context);
  QFETCH(int, heads);
  QFETCH(int, kv_heads);
  QFETCH(int, dim);
  const AttentionShape s{batch, context, heads, kv_heads, dim};
  const int tokens = batch * context;
  TestArrays a(*backend_, DType::f64);
  const View qkv = a.in({tokens, s.qkv_width()}), out = a.out({tokens, heads * dim});
  const View lse = a.out({batch, heads, context});
  const View dout = a.in({tokens, heads * dim}), dqkv = a.out({tokens, s.qkv_width()});
  verify(a, {{{qkv, dqkv, false}},
             {out},
             {dout},
             [&] { ops::attention_forward(ctx_, out, lse, qkv, s); },
             [&] { ops::attention_backward(ctx_, dqkv, dout, out, lse, qkv, s); }});
}

void TestGradients::activation_data() {
  QTest::addColumn<int>("kind");
  QTest::addColumn<int>("rows");
  QTest::newRow("swiglu") << int(Activation::swiglu) << 7;
  QTest::newRow("relu") << int(Activation::relu) << 7;
  QTest::newRow("gelu") << int(Activation::gelu) << 7;
  QTest::newRow("swiglu one row") << int(Activation::swiglu) << 1;
}

void TestGradients::activation() {
  QFETCH(int, kind);
  QFETCH(int, rows);
  const auto what = static_cast<Activation>(kind);
  const int width = what == Activation::swiglu ? 10 : 5;
  TestArrays a(*backend_, DType::f64);
  const View x = a.in({rows, width}), y = a.out({rows, 5}), dy = a.in({rows, 5}), dx = a.out({rows, width});
  verify(a, {{{x, dx, false}},
             {y},
             {dy},
             [&] { ops::activation_forward(ctx_, y, x, what, rows); },
             [&] { ops::activation_backward(ctx_, dx, dy, x, what, rows); }});
}

void TestGradients::embedding() {
  TestArrays a(*backend_, DType::f64);
  const View table = a.in({20, 3}), y = a.out({33, 3}), dy = a.in({33, 3}), dtable = a.out({20, 3});
  const View ids = a.ints({33}, [](std::int64_t i) { return i * i % 20; });
  verify(a, {{{table, dtable, true}},
             {y},
             {dy},
             [&] { ops::embedding_forward(ctx_, y, table, ids); },
             [&] { ops::embedding_backward(ctx_, dtable, dy, ids); }});
}

// The gradient comes with the loss and is of the sum of losses times scale: the cotangents are all set to scale.
void TestGradients::cross_entropy() {
  constexpr double kScale = 0.37;
  TestArrays a(*backend_, DType::f64);
  const View logits = a.in({7, 13}), loss = a.out({7}), dlogits = a.out({7, 13}), weight = a.in({7});
  const View targets = a.ints({7}, [](std::int64_t i) { return i == 3 ? -1 : i * 2 % 13; });
  const View total = a.out({7});
  // y = scale·loss; a cotangent c_t multiplies row t, which the backward applies to the rows it was given.
  verify(a, {{{logits, dlogits, false}},
             {total},
             {weight},
             [&] {
               ops::cross_entropy(ctx_, loss, {}, logits, targets, kScale);
               ops::fill(ctx_, total, 0);
               ops::add_scaled(ctx_, total, loss, kScale);
             },
             [&] {
               ops::cross_entropy(ctx_, loss, dlogits, logits, targets, kScale);
               auto gradient = a.get(dlogits);
               const auto c = a.get(weight);
               for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] *= c[i / 13];
               a.set(dlogits, gradient);
             }});
}

void TestGradients::squared_error_data() {
  QTest::addColumn<int>("width");
  QTest::addColumn<bool>("in_place");
  QTest::newRow("one value") << 1 << false;
  QTest::newRow("three values") << 3 << false;
  QTest::newRow("over its input") << 2 << true;
}

// As with cross_entropy: the gradient comes with the loss and is of the sum of losses times scale.
void TestGradients::squared_error() {
  QFETCH(int, width);
  QFETCH(bool, in_place);
  constexpr double kScale = 0.37;
  TestArrays a(*backend_, DType::f64);
  const View y = a.in({7, width}), targets = a.in({7, width}), loss = a.out({7}), dy = a.out({7, width});
  const View weight = a.in({7}), total = a.out({7});
  verify(a, {{{y, dy, false}},
             {total},
             {weight},
             [&] {
               ops::squared_error(ctx_, loss, {}, y, targets, kScale);
               ops::fill(ctx_, total, 0);
               ops::add_scaled(ctx_, total, loss, kScale);
             },
             [&] {
               if (in_place) {
                 ops::copy(ctx_, dy, y);
                 ops::squared_error(ctx_, loss, dy, dy, targets, kScale);
               } else {
                 ops::squared_error(ctx_, loss, dy, y, targets, kScale);
               }
               auto gradient = a.get(dy);
               const auto c = a.get(weight);
               for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] *= c[i / static_cast<std::size_t>(width)];
               a.set(dy, gradient);
             }});
}

DEVICE_TEST_MAIN(TestGradients)
#include "tst_gradients.moc"
