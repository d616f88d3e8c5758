// SPDX-License-Identifier: Apache-2.0
// What a step reports, and that training learns.
#include "engine/train/trainer.h"
#include "tests/engine/train/tiny_model.h"

#include <QtTest>
#include <cmath>
#include <numeric>

using namespace moe;

class TestTrainerTelemetry : public QObject {
  Q_OBJECT
 private slots:
  void report_of_a_step();
  void micro_batches_are_averaged();
  void dense_layers_do_not_report();
  void sizes_data();
  void sizes();
  void loss_falls_data();
  void loss_falls();
  void balance_acts();
};

void TestTrainerTelemetry::report_of_a_step() {
  const test::FakeDataset dataset(31);
  train::Trainer trainer(test::tiny_config(), dataset);
  trainer.step();
  const auto r = trainer.step();
  QCOMPARE(r.step, std::int64_t{2});
  QCOMPARE(trainer.step_count(), std::int64_t{2});
  QCOMPARE(r.tokens, std::int64_t{2 * 3 * 8});
  QCOMPARE(r.top_k, 2);
  QVERIFY(r.seconds > 0 && r.tokens_per_second > 0 && r.grad_norm > 0);
  QCOMPARE(r.layers.size(), std::size_t{2});
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& layer = r.layers[i];
    QCOMPARE(layer.layer, static_cast<int>(i));
    QCOMPARE(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}), std::int64_t{3 * 8 * 2});
    QVERIFY(std::abs(std::accumulate(layer.mass.begin(), layer.mass.end(), 0.0) - 3 * 8) < 1e-9);  // weights sum to 1
    QVERIFY(layer.balance_loss > 0.5 && layer.z_loss >= 0);
    QVERIFY(layer.entropy > 0 && layer.entropy <= 1);
    QVERIFY(layer.token_entropy > 0 && layer.token_entropy <= 1);
    QCOMPARE(layer.dead, static_cast<int>(std::count(layer.load.begin(), layer.load.end(), 0)));
  }
}

void TestTrainerTelemetry::micro_batches_are_averaged() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  train::Trainer single(config, dataset);
  config.optim.accumulation = 3;
  train::Trainer triple(config, dataset);
  const auto one = single.step(), three = triple.step();
  QCOMPARE(three.tokens, 3 * one.tokens);
  const auto& load = three.layers[0].load;
  QCOMPARE(std::accumulate(load.begin(), load.end(), std::int64_t{0}), std::int64_t{3 * 3 * 8 * 2});
  QVERIFY(three.layers[0].balance_loss < 4 && three.layers[0].balance_loss > 0.5);  // a mean, not a sum of three
  QVERIFY(std::abs(three.loss - one.loss) < 1.0);
  QVERIFY(three.loss != one.loss);
}

void TestTrainerTelemetry::dense_layers_do_not_report() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.model.layers = 4;
  config.model.dense_every = 2;
  train::Trainer trainer(config, dataset);
  const auto r = trainer.step();
  QCOMPARE(r.layers.size(), std::size_t{2});
  QCOMPARE(r.layers[0].layer, 0);
  QCOMPARE(r.layers[1].layer, 2);
  config.model.experts = config.router.top_k = 1;
  train::Trainer dense(config, dataset);
  QVERIFY(dense.step().layers.empty());
}

void TestTrainerTelemetry::sizes_data() {
  QTest::addColumn<int>("shared");
  QTest::addColumn<int>("dense_every");
  QTest::addColumn<bool>("tied");
  QTest::addColumn<QString>("activation");
  QTest::newRow("mixtral") << 0 << 0 << false << "swiglu";
  QTest::newRow("shared, tied") << 2 << 0 << true << "swiglu";
  QTest::newRow("dense, relu") << 0 << 2 << false << "relu";
}

void TestTrainerTelemetry::sizes() {
  QFETCH(int, shared);
  QFETCH(int, dense_every);
  QFETCH(bool, tied);
  QFETCH(QString, activation);
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.model.shared_experts = shared;
  config.model.dense_every = dense_every;
  config.model.tied_head = tied;
  config.model.activation = activation.toStdString();
  const train::Trainer trainer(config, dataset);
  std::int64_t all = 0, idle = 0;
  for (const auto& t : trainer.parameters()) {
    std::int64_t n = 1;
    for (const auto d : t.shape) n *= d;
    all += n;
    const QString name = QString::fromStdString(t.name);
    if (name.contains(".experts.2.") || name.contains(".experts.3.")) idle += n;  // two of four work
  }
  QCOMPARE(trainer.parameter_count(), all);
  QCOMPARE(trainer.active_parameter_count(), all - idle);
  QVERIFY(trainer.flops_per_token() > 0);
}

void TestTrainerTelemetry::loss_falls_data() {
  QTest::addColumn<QString>("precision");
  for (const char* p : {"f32", "bf16", "f64"}) QTest::newRow(p) << QString(p);
}

void TestTrainerTelemetry::loss_falls() {
  QFETCH(QString, precision);
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.model.init_std = 0.02;
  config.train.precision = precision.toStdString();
  config.train.batch = 8;
  config.train.steps = 150;
  config.optim.lr = 1e-2;
  train::Trainer trainer(config, dataset);
  const double first = trainer.step().loss, before = trainer.evaluate(3).loss;
  QVERIFY(std::abs(first - std::log(31.0)) < 0.1);  // knows nothing: uniform over 31 ids
  double last = first;
  while (trainer.step_count() < 150) last = trainer.step().loss;
  QVERIFY2(last < 0.8,
           qPrintable(QString::number(last)));  // one look back tells the stride: only the second token is open
  QVERIFY(trainer.evaluate(3).loss < 0.5 * before);
}

void TestTrainerTelemetry::balance_acts() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.train.batch = 32;
  config.optim.lr = 3e-3;
  const auto final_cv = [&](double coefficient) {
    config.balance.coefficient = coefficient;
    train::Trainer trainer(config, dataset);
    for (auto& t : trainer.mutable_parameters())  // a start far from balance: expert 0 says much what expert 1 denies
      if (t.name.ends_with("gate.weight"))
        for (int i = 0; i < 16; ++i) static_cast<double*>(t.data)[i] *= 6, static_cast<double*>(t.data)[16 + i] *= 0.1;
    double cv = 0;
    while (trainer.step_count() < 100) {
      const auto r = trainer.step();
      if (trainer.step_count() > 90) cv += (r.layers[0].load_cv + r.layers[1].load_cv) / 20;
    }
    return cv;
  };
  const double without = final_cv(0), with = final_cv(2);
  QVERIFY2(with < 0.5 * without, qPrintable(QString("%1 with, %2 without").arg(with).arg(without)));
}

QTEST_GUILESS_MAIN(TestTrainerTelemetry)
#include "tst_trainer_telemetry.moc"
