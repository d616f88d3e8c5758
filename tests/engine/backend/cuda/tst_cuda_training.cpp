// SPDX-License-Identifier: Apache-2.0
// Whole models on the CUDA backend, their memory on the device: the loss curve of the CPU, the same bits twice and in
// any order of blocks and threads, and on from a checkpoint as if nothing had happened.
#include <QtTest>

#include <bit>

#include "engine/moe/router.h"
#include "engine/optim/adamw.h"
#include "engine/train/trainer.h"
#include "tests/engine/backend/cuda/devices.h"
#include "tests/support/cuda_emulation/control.h"
#include "tests/support/fake_dataset.h"

using namespace moe;
using namespace moe::test;

namespace {

constexpr int kWide = 64;  // heads of 16 numbers; those of 24/4 are no whole copies

Config config_of(const std::string& precision, const std::string& policy) {
  Config c;
  c.model = {.layers = 2,
             .width = 24,
             .heads = 4,
             .kv_heads = 2,
             .experts = 4,
             .expert_width = 20,
             .shared_experts = 1,
             .vocabulary = 61,
             .context = 12,
             .init_std = 0.1};
  c.router.policy = policy;
  c.router.z_coefficient = 0.001;
  c.balance.coefficient = 0.02;
  c.optim.warmup = 2;
  c.optim.accumulation = 2;
  c.train.steps = 100;
  c.train.batch = 3;
  c.train.precision = precision;
  c.train.threads = 1;
  return c;
}

std::vector<std::string> state_of(const train::Trainer& trainer) {
  std::vector<std::string> out;
  for (const auto& list : {trainer.parameters(), trainer.optimizer_state()})
    for (const auto& t : list) {
      std::size_t n = t.is_f64 ? 8 : 4;
      for (const auto d : t.shape) n *= static_cast<std::size_t>(d);
      out.emplace_back(static_cast<const char*>(t.data), n);
    }
  return out;
}

void restore(train::Trainer& trainer, const std::vector<std::string>& state, std::int64_t step) {
  std::size_t i = 0;
  for (const auto& list : {trainer.mutable_parameters(), trainer.mutable_optimizer_state()})
    for (const auto& t : list) {
      std::memcpy(t.data, state[i].data(), state[i].size());
      ++i;
    }
  trainer.loaded(step, 0);
}

}  // namespace

class TestCudaTraining : public QObject {
  Q_OBJECT
 private slots:
  void like_the_cpu_data();
  void like_the_cpu();
  void repeats_data();
  void repeats();
  void resumes_data() { repeats_data(); }
  void resumes();
  void rounded_copies();
  void live_changes();

 private:
  CudaBench cuda_;
  const FakeDataset dataset_{61};
};

void TestCudaTraining::like_the_cpu_data() {
  QTest::addColumn<QString>("policy");
  QTest::addColumn<QString>("precision");
  QTest::addColumn<double>("distance");
  QTest::addColumn<int>("width");
  for (const auto& router : routing::routers())
    if (router.info.name != "soft_moe")  // no model of text; tst_soft_moe runs it on the device
      QTest::addRow("%s, f64", router.info.name.c_str())
          << QString::fromStdString(router.info.name) << "f64" << 1e-9 << 24;
  for (const char* policy : {"softmax_top_k", "sigmoid_top_k"}) {
    QTest::addRow("%s, f32", policy) << policy << "f32" << 1e-4 << 24;
    QTest::addRow("%s, bf16", policy) << policy << "bf16" << 2e-3 << 24;
    QTest::addRow("%s, bf16, attention on tensor cores", policy) << policy << "bf16" << 2e-3 << kWide;
  }
}

void TestCudaTraining::like_the_cpu() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(QString, policy);
  QFETCH(QString, precision);
  QFETCH(double, distance);
  QFETCH(int, width);
  Config config = config_of(precision.toStdString(), policy.toStdString());
  config.model.width = width;
  train::Trainer cpu(config, dataset_, make_backend("cpu", 1)), cuda(config, dataset_, make_cuda());
  QCOMPARE(cuda.device(), std::string("cuda"));
  for (int i = 0; i < 3; ++i) {
    const auto expected = cpu.step(), found = cuda.step();
    QVERIFY2(
        std::abs(found.loss - expected.loss) <= distance * expected.loss,
        qPrintable(
            QString("step %1: %2 instead of %3").arg(i).arg(found.loss, 0, 'g', 12).arg(expected.loss, 0, 'g', 12)));
    QVERIFY(std::abs(found.grad_norm - expected.grad_norm) <= 10 * distance * expected.grad_norm);
    if (precision == "f64") {
      QCOMPARE(found.layers.size(), expected.layers.size());
      for (std::size_t l = 0; l < found.layers.size(); ++l) {
        QCOMPARE(found.layers[l].load, expected.layers[l].load);
      }
    }
  }
}

void TestCudaTraining::repeats_data() {
  QTest::addColumn<QString>("precision");
  QTest::addColumn<int>("width");
  for (const char* p : {"f32", "bf16", "f64"}) QTest::newRow(p) << QString(p) << 24;
  QTest::newRow("bf16, attention on tensor cores") << "bf16" << kWide;
}

void TestCudaTraining::repeats() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(QString, precision);
  QFETCH(int, width);
  Config config = config_of(precision.toStdString(), "softmax_top_k");
  config.model.width = width;
  config.router.noise = 0.3;
  std::vector<std::string> states[2];
  for (const std::uint32_t order : {0u, 1u}) {
    emulation::set_order(order);
    train::Trainer trainer(config, dataset_, make_cuda());
    for (int i = 0; i < 3; ++i) trainer.step();
    states[order] = state_of(trainer);
  }
  emulation::set_order(0);
  QVERIFY(states[0] == states[1]);
}

void TestCudaTraining::resumes() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(QString, precision);
  const Config config = config_of(precision.toStdString(), "softmax_top_k");
  train::Trainer straight(config, dataset_, make_cuda()), other(config, dataset_, make_cuda());
  for (int i = 0; i < 2; ++i) straight.step();
  const auto state = state_of(straight);
  other.step();  // whatever it did before must not matter
  restore(other, state, 2);
  QVERIFY(state_of(other) == state);
  for (int i = 0; i < 2; ++i) straight.step(), other.step();
  QVERIFY(state_of(straight) == state_of(other));
}

// Products read matrices rounded. The copies follow every change: the optimiser's at once, all others before the next
// pass.
void TestCudaTraining::rounded_copies() {
  SKIP_WITHOUT_DEVICE(cuda_);
  ops::Context ctx{*cuda_, MatmulPrecision::bf16};
  nn::ParameterSet set;
  const nn::ParameterId matrix = set.add(nn::ParameterKind::matrix, {"matrix", {37, 11}, nn::Init::normal, 0.3});
  const nn::ParameterId vector = set.add(nn::ParameterKind::vector, {"vector", {19}, nn::Init::normal, 0.3});
  set.allocate(*cuda_, DType::f32, ops::operand_dtype(ctx, DType::f32));
  QCOMPARE(set.operand(matrix).dtype, DType::bf16);
  QCOMPARE(set.operand(vector).data, static_cast<const void*>(set.value(vector).data));
  const auto copied = [&] {
    std::vector<float> values(37 * 11);
    std::vector<std::uint16_t> copy(values.size());
    cuda_->copy_to_host(values.data(), set.value(matrix));
    cuda_->copy_to_host(copy.data(), set.operand(matrix));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(values[i]);
      if (copy[i] != (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16) return false;
    }
    return true;
  };
  set.initialise(3);
  QVERIFY(!copied());
  set.refresh_operands(ctx);
  QVERIFY(copied());
  ops::fill(ctx, set.gradient(matrix), 0.1);
  optim::adamw_step(ctx, set, OptimConfig{}, 0.01, 1, 1.0);
  QVERIFY(copied());
  ops::fill(ctx, set.exposed()[0].value, 0.7);
  QVERIFY(!copied());
  set.refresh_operands(ctx);
  QVERIFY(copied());
}

void TestCudaTraining::live_changes() {
  SKIP_WITHOUT_DEVICE(cuda_);
  const Config config = config_of("f64", "softmax_top_k");
  train::Trainer cpu(config, dataset_, make_backend("cpu", 1)), cuda(config, dataset_, make_cuda());
  const auto both = [&](const std::function<void(train::Trainer&)>& act) { act(cpu), act(cuda); };
  both([](train::Trainer& t) { t.step(); });
  both([](train::Trainer& t) { t.apply("router.top_k", "3"); });
  both([](train::Trainer& t) { t.apply("router.policy", "sigmoid_top_k"); });
  for (int i = 0; i < 2; ++i) {
    const double expected = cpu.step().loss, found = cuda.step().loss;
    QVERIFY(std::abs(found - expected) <= 1e-9 * expected);
  }
  QVERIFY(std::abs(cuda.evaluate(2).loss - cpu.evaluate(2).loss) <= 1e-9 * cpu.evaluate(2).loss);
}

QTEST_GUILESS_MAIN(TestCudaTraining)
#include "tst_cuda_training.moc"
