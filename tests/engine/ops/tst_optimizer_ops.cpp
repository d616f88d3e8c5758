// SPDX-License-Identifier: Apache-2.0
// AdamW against the published update written out for one number, over several steps; norms that see every bad value.
#include <QtTest>

#include "engine/ops/ops.h"
#include "tests/support/test_arrays.h"
#include "tests/support/test_backend.h"

using namespace moe;
using moe::test::TestArrays;

class TestOptimizerOps : public QObject {
  Q_OBJECT
 private slots:
  void adamw_data();
  void adamw();
  void sums_see_non_finite_values_data();
  void sums_see_non_finite_values();
  void sum_of_squares_is_float64();

 private:
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
  ops::Context ctx_{*backend_};
};

void TestOptimizerOps::adamw_data() {
  QTest::addColumn<bool>("float64");
  QTest::addColumn<double>("tolerance");
  QTest::newRow("float64") << true << 1e-14;
  QTest::newRow("float32, some roundings per step") << false << 2e-6;
}

void TestOptimizerOps::adamw() {
  QFETCH(bool, float64);
  QFETCH(double, tolerance);
  constexpr std::size_t kSize = 40000;  // more than one task, not a multiple of a vector
  const double lr = 0.01, beta1 = 0.9, beta2 = 0.95, eps = 1e-8, decay = 0.1, scale = 0.5;
  TestArrays a(*backend_, float64 ? DType::f64 : DType::f32);
  const Shape shape{static_cast<std::int64_t>(kSize) - 3};
  const View w = a.inout(shape), g = a.inout(shape), m = a.inout(shape, 0.0), v = a.inout(shape, 0.0);
  auto weight = a.get(w), mean = a.get(m), square = a.get(v);
  for (int step = 1; step <= 5; ++step) {
    std::vector<double> gradient(weight.size());
    for (std::size_t i = 0; i < gradient.size(); ++i)
      gradient[i] = static_cast<double>(static_cast<float>(std::sin(0.1 * static_cast<double>(i) + step)));
    a.set(g, gradient);
    ops::adamw_step(ctx_, w, g, m, v, {lr, beta1, beta2, eps, decay, step, scale});
    for (std::size_t i = 0; i < weight.size(); ++i) {
      const double x = gradient[i] * scale;
      mean[i] = beta1 * mean[i] + (1 - beta1) * x;
      square[i] = beta2 * square[i] + (1 - beta2) * x * x;
      const double unbiased_mean = mean[i] / (1 - std::pow(beta1, step));
      const double unbiased_square = square[i] / (1 - std::pow(beta2, step));
      weight[i] -= lr * (unbiased_mean / (std::sqrt(unbiased_square) + eps) + decay * weight[i]);
    }
    const auto got = a.get(w);
    for (std::size_t i = 0; i < weight.size(); ++i)
      if (!(std::fabs(got[i] - weight[i]) <= tolerance * (1 + std::fabs(weight[i]))))
        QFAIL(qPrintable(QString("step %1, weight %2: %3, not %4").arg(step).arg(i).arg(got[i]).arg(weight[i])));
    QVERIFY(a.get(g) == std::vector<double>(gradient.size(), 0.0));
  }
  QVERIFY(a.sentinels_intact());
}

void TestOptimizerOps::sums_see_non_finite_values_data() {
  QTest::addColumn<double>("bad");
  QTest::addColumn<int>("at");
  const double inf = std::numeric_limits<double>::infinity();
  for (const int at : {0, 16384, 49999}) {
    QTest::addRow("NaN at %d", at) << std::nan("") << at;
    QTest::addRow("infinity at %d", at) << inf << at;
    QTest::addRow("minus infinity at %d", at) << -inf << at;
  }
}

void TestOptimizerOps::sums_see_non_finite_values() {
  QFETCH(double, bad);
  QFETCH(int, at);
  TestArrays a(*backend_, DType::f32);
  const View x = a.in({50000}, [&](std::int64_t i) { return i == at ? bad : 1e-3; });
  QVERIFY(!std::isfinite(ops::sum_of_squares(ctx_, x)));
  QVERIFY(!std::isfinite(ops::sum(ctx_, x)));
}

// Each square overflows float32 only in the sum, so a float32 accumulator would report infinity.
void TestOptimizerOps::sum_of_squares_is_float64() {
  TestArrays a(*backend_, DType::f32);
  const View x = a.in({50000}, [](std::int64_t) { return 1e19; });
  const double expected = 50000 * std::pow(static_cast<double>(1e19f), 2);
  QVERIFY(std::fabs(ops::sum_of_squares(ctx_, x) / expected - 1) < 1e-12);
}

DEVICE_TEST_MAIN(TestOptimizerOps)
#include "tst_optimizer_ops.moc"
