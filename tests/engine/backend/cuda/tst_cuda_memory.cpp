// SPDX-License-Identifier: Apache-2.0
// The memory that a run is said to need before it starts, against what its first steps take from the emulated device.
#include <QRegularExpression>
#include <QtTest>

#include "engine/core/error.h"
#include "engine/train/trainer.h"
#include "engine/train/training_memory.h"
#include "tests/support/cuda_emulation/control.h"
#include "tests/support/cuda_emulation/emulated_backend.h"
#include "tests/support/fake_dataset.h"

using namespace moe;
using namespace moe::test;

namespace {

Config config_of(const char* precision) {
  Config c;
  c.model = {.layers = 2,
             .width = 128,
             .heads = 2,
             .kv_heads = 1,
             .experts = 4,
             .expert_width = 192,
             .vocabulary = 331,
             .context = 64};
  c.optim.warmup = 2;
  c.train.steps = 100;
  c.train.batch = 5;
  c.train.precision = precision;
  c.train.threads = 1;
  return c;
}

double in_use_after_two_steps(const Config& config) {
  const FakeDataset data(config.model.vocabulary);
  train::Trainer trainer(config, data, make_emulated_backend());
  trainer.step();
  trainer.step();
  return static_cast<double>(emulation::memory_in_use());
}

}  // namespace

class TestCudaMemory : public QObject {
  Q_OBJECT
 private slots:
  void rows_of_a_batch_data();
  void rows_of_a_batch();
  void parameters();
  void suggested_batch_fits();
};

void TestCudaMemory::rows_of_a_batch_data() {
  QTest::addColumn<QString>("settings");
  QTest::addColumn<QString>("precision");
  QTest::newRow("experts") << ""
                           << "bf16";
  QTest::newRow("experts, f32") << ""
                                << "f32";
  QTest::newRow("Switch routes to one") << "router.policy=switch model.expert_width=400"
                                        << "bf16";
  QTest::newRow("shared experts and dense layers") << "model.shared_experts=1 model.dense_first=1 model.dense_width=300"
                                                   << "bf16";
  QTest::newRow("dense, relu") << "model.experts=1 router.top_k=1 model.activation=relu model.expert_width=500"
                               << "bf16";
  QTest::newRow("dense, relu, f32") << "model.experts=1 router.top_k=1 model.activation=relu model.expert_width=500"
                                    << "f32";
  QTest::newRow("large vocabulary") << "model.vocabulary=2000"
                                    << "bf16";
}

// The difference of two batches: what the device holds for libraries and parameters is in both. What is left out, a
// router's own arrays and plans, is a tenth in models this small.
void TestCudaMemory::rows_of_a_batch() {
  QFETCH(QString, settings);
  QFETCH(QString, precision);
  Config config = config_of(qPrintable(precision));
  for (const QString& setting : settings.split(' ', Qt::SkipEmptyParts))
    set_text(config, setting.section('=', 0, 0).toStdString(), setting.section('=', 1).toStdString());
  const double few = in_use_after_two_steps(config);
  config.train.batch = 8;
  const double taken = (in_use_after_two_steps(config) - few) / 3;
  const DType operand = precision == "bf16" ? DType::bf16 : DType::f32;
  const double said = train::training_memory(config, DType::f32, operand).row;
  QVERIFY2(said <= taken && said >= 0.85 * taken, qPrintable(QString("%1 of %2 bytes").arg(said).arg(taken)));
}

// A run that does not fit is refused with a batch that does.
void TestCudaMemory::suggested_batch_fits() {
  Config config = config_of("bf16");
  config.train.batch = 60;
  const FakeDataset data(config.model.vocabulary);
  const train::TrainingMemory memory = train::training_memory(config, DType::f32, DType::bf16);
  const auto start = [&] {
    auto backend = make_emulated_backend();
    emulation::set_memory(emulation::memory_in_use() + static_cast<std::size_t>(memory.parameters + 40 * memory.row));
    train::Trainer trainer(config, data, std::move(backend));
    trainer.step();
  };
  try {
    start();
    QFAIL("it fits");
  } catch (const Error& error) {
    QCOMPARE(int(error.kind()), int(ErrorKind::resource));
    QCOMPARE(error.where(), std::string("train.batch"));
    const QRegularExpressionMatch batch =
        QRegularExpression("^Set train.batch to (\\d+) and").match(QString::fromStdString(error.action()));
    QVERIFY2(batch.hasMatch(), error.what());
    config.train.batch = batch.captured(1).toInt();
  }
  QVERIFY(config.train.batch >= 25);
  start();
  emulation::heal();
}

void TestCudaMemory::parameters() {
  Config config = config_of("bf16");
  const double few = in_use_after_two_steps(config);
  const double said = train::training_memory(config, DType::f32, DType::bf16).parameters;
  config.model.experts = 12;
  const double taken = in_use_after_two_steps(config) - few;
  const double more = train::training_memory(config, DType::f32, DType::bf16).parameters - said;
  QVERIFY2(more <= taken && more >= 0.95 * taken, qPrintable(QString("%1 of %2 bytes").arg(more).arg(taken)));
}

QTEST_GUILESS_MAIN(TestCudaMemory)
#include "tst_cuda_memory.moc"
