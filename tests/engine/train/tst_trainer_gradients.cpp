// SPDX-License-Identifier: Apache-2.0
// The gradient of the whole model, every kind of layer and loss included, against central differences in float64.
#include "tests/engine/train/tiny_model.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <cmath>
#include <functional>

using namespace moe;

using Change = std::function<void(Config&)>;
Q_DECLARE_METATYPE(Change)

class TestTrainerGradients : public QObject {
  Q_OBJECT
 private slots:
  void agrees_with_differences_data();
  void agrees_with_differences();
  void accumulates_and_scales();
  void covers_every_tensor();
};

void TestTrainerGradients::agrees_with_differences_data() {
  QTest::addColumn<Change>("change");
  QTest::newRow("mixtral") << Change([](Config&) {});
  // With this seed no hidden unit lies so near its kink that a difference would straddle it.
  QTest::newRow("relu experts") << Change([](Config& c) { c.model.activation = "relu", c.seed = 3; });
  QTest::newRow("gelu experts") << Change([](Config& c) { c.model.activation = "gelu"; });
  QTest::newRow("two shared experts") << Change([](Config& c) { c.model.shared_experts = 2; });
  QTest::newRow("dense second layer") << Change([](Config& c) { c.model.dense_every = 2; });
  QTest::newRow("one expert") << Change([](Config& c) { c.model.experts = c.router.top_k = 1; });
  QTest::newRow("tied head") << Change([](Config& c) { c.model.tied_head = true; });
  QTest::newRow("multi-head attention") << Change([](Config& c) { c.model.kv_heads = 4; });
  QTest::newRow("not renormalised") << Change([](Config& c) { c.router.renormalise = false; });
  QTest::newRow("top-1") << Change([](Config& c) { c.router.top_k = 1; });
  QTest::newRow("all experts") << Change([](Config& c) { c.router.top_k = 4; });
  QTest::newRow("noise") << Change([](Config& c) { c.router.noise = 0.7; });
  QTest::newRow("noise, not renormalised")
      << Change([](Config& c) { c.router.noise = 0.7, c.router.renormalise = false; });
  QTest::newRow("strong losses") << Change([](Config& c) { c.balance.coefficient = 1, c.router.z_coefficient = 0.5; });
  QTest::newRow("task loss only") << Change([](Config& c) { c.balance.coefficient = c.router.z_coefficient = 0; });
}

void TestTrainerGradients::agrees_with_differences() {
  QFETCH(Change, change);
  Config config = test::tiny_config();
  change(config);
  test::ModelHarness harness(config);
  harness.total(/*with_gradient=*/true);
  constexpr double h = 1e-5;
  for (const auto& tensor : harness.model.parameters().exposed()) {
    double* value = tensor.value.as<double>();
    const double* gradient = tensor.gradient.as<double>();
    const std::int64_t n = tensor.value.size(), stride = std::max<std::int64_t>(1, n / 7);
    for (std::int64_t i = stride / 2; i < n; i += stride) {
      const double kept = value[i];
      value[i] = kept + h;
      const double above = harness.total(false);
      value[i] = kept - h;
      const double below = harness.total(false);
      value[i] = kept;
      const double numeric = (above - below) / (2 * h), error = std::abs(numeric - gradient[i]);
      QVERIFY2(error <= 1e-6 * std::abs(numeric) + 2e-9, qPrintable(QString("%1[%2]: %3, difference quotient %4")
                                                                        .arg(QString::fromStdString(tensor.part->name))
                                                                        .arg(i)
                                                                        .arg(gradient[i])
                                                                        .arg(numeric)));
    }
  }
}

void TestTrainerGradients::accumulates_and_scales() {
  test::ModelHarness once(test::tiny_config()), twice(test::tiny_config());
  once.total(true);
  twice.total(true, 0.25);
  twice.total(true, 0.75);
  const View a = once.model.parameters().all_gradients(), b = twice.model.parameters().all_gradients();
  for (std::int64_t i = 0; i < a.size(); ++i)
    QVERIFY(std::abs(a.as<double>()[i] - b.as<double>()[i]) <= 1e-12 * (1e-3 + std::abs(a.as<double>()[i])));
}

void TestTrainerGradients::covers_every_tensor() {
  Config config = test::tiny_config();
  config.model.shared_experts = 1;
  test::ModelHarness harness(config);
  harness.total(true);
  for (const auto& tensor : harness.model.parameters().exposed())
    QVERIFY2(ops::sum_of_squares(harness.ctx, tensor.gradient) > 0, tensor.part->name.c_str());
}

DEVICE_TEST_MAIN(TestTrainerGradients)
#include "tst_trainer_gradients.moc"
