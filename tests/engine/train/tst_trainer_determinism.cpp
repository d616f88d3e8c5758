// SPDX-License-Identifier: Apache-2.0
// A run is a pure function of its configuration, seed and edits: the same bits with one or two threads, and after its
// state went through a checkpoint.
#include "engine/train/trainer.h"
#include "tests/engine/train/tiny_model.h"
#include "tests/support/test_backend.h"

#include <QtTest>
#include <cstring>

using namespace moe;

namespace {

using State = std::vector<std::string>;  // bytes of every tensor

template <class Tensor>
std::size_t bytes_of(const Tensor& t) {
  std::size_t n = t.is_f64 ? 8 : 4;
  for (const auto d : t.shape) n *= static_cast<std::size_t>(d);
  return n;
}

State state_of(const train::Trainer& trainer) {
  State out;
  for (const auto& list : {trainer.parameters(), trainer.optimizer_state()})
    for (const auto& t : list) out.emplace_back(static_cast<const char*>(t.data), bytes_of(t));
  return out;
}

void restore(train::Trainer& trainer, const State& state) {
  std::size_t i = 0;
  for (const auto& list : {trainer.mutable_parameters(), trainer.mutable_optimizer_state()})
    for (const auto& t : list) {
      std::memcpy(t.data, state[i].data(), bytes_of(t));
      ++i;
    }
}

/// Large enough that every kernel splits its work.
Config wide_config(const char* precision, int threads) {
  Config c = test::tiny_config();
  c.model = {.layers = 2,
             .width = 64,
             .heads = 4,
             .kv_heads = 2,
             .experts = 6,
             .expert_width = 96,
             .shared_experts = 1,
             .vocabulary = 300,
             .context = 64};
  c.train.batch = 8;
  c.train.precision = precision;
  c.train.threads = threads;
  c.router.noise = 0.3;
  c.optim.accumulation = 2;
  return c;
}

}  // namespace

class TestTrainerDeterminism : public QObject {
  Q_OBJECT
 private slots:
  void one_or_two_threads_data();
  void one_or_two_threads();
  void through_a_checkpoint();
  void after_evaluation();
  void seeds_differ();
};

void TestTrainerDeterminism::one_or_two_threads_data() {
  QTest::addColumn<QString>("precision");
  for (const char* p : {"f32", "bf16", "f64"}) QTest::newRow(p) << QString(p);
}

void TestTrainerDeterminism::one_or_two_threads() {
  QFETCH(QString, precision);
  const test::FakeDataset dataset(300);
  train::Trainer one(wide_config(qPrintable(precision), 1), dataset, test::make_test_backend(1)),
      two(wide_config(qPrintable(precision), 2), dataset, test::make_test_backend(2));
  for (int i = 0; i < 4; ++i) {
    const auto a = one.step(), b = two.step();
    QCOMPARE(a.loss, b.loss);
    QCOMPARE(a.grad_norm, b.grad_norm);
    QCOMPARE(a.layers[1].mass, b.layers[1].mass);
  }
  QVERIFY(state_of(one) == state_of(two));
}

void TestTrainerDeterminism::through_a_checkpoint() {
  const test::FakeDataset dataset(300);
  const Config config = wide_config("f32", 2);
  train::Trainer straight(config, dataset, test::make_test_backend(2)),
      first(config, dataset, test::make_test_backend(2)), second(config, dataset, test::make_test_backend(2));
  const auto edit = [](train::Trainer& t) { t.apply("router.top_k", "3"), t.apply("balance.coefficient", "0.1"); };
  for (int i = 0; i < 3; ++i) straight.step(), first.step();
  edit(first);
  second.step();  // whatever it did before must not matter
  edit(second);
  restore(second, state_of(first));
  second.loaded(first.step_count(), 0);
  QCOMPARE(second.step_count(), std::int64_t{3});
  edit(straight);
  for (int i = 0; i < 3; ++i) straight.step(), second.step();
  QVERIFY(state_of(straight) == state_of(second));
}

void TestTrainerDeterminism::after_evaluation() {
  const test::FakeDataset dataset(300);
  train::Trainer plain(wide_config("f32", 2), dataset, test::make_test_backend(2)),
      watched(wide_config("f32", 2), dataset, test::make_test_backend(2));
  const std::vector<std::int32_t> text{1, 2, 3, 4, 5};
  for (int i = 0; i < 3; ++i) {
    plain.step();
    watched.evaluate(2);
    watched.step();
    watched.trace(text, false);
  }
  QVERIFY(state_of(plain) == state_of(watched));
}

void TestTrainerDeterminism::seeds_differ() {
  const test::FakeDataset dataset(300);
  Config other = wide_config("f32", 2);
  other.seed = 2;
  const train::Trainer a(wide_config("f32", 2), dataset, test::make_test_backend(2)),
      b(wide_config("f32", 2), dataset, test::make_test_backend(2)), c(other, dataset, test::make_test_backend(2));
  QVERIFY(state_of(a) == state_of(b));
  QVERIFY(state_of(a) != state_of(c));
}

DEVICE_TEST_MAIN(TestTrainerDeterminism)
#include "tst_trainer_determinism.moc"
