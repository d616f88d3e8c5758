// SPDX-License-Identifier: Apache-2.0
// Changes to a running model: each takes effect at the next step, impossible ones change nothing, and a diverging step
// leaves the weights alone.
#include "engine/core/error.h"
#include "engine/train/trainer.h"
#include "tests/engine/train/tiny_model.h"

#include <QtTest>
#include <cmath>
#include <limits>
#include <numeric>

using namespace moe;

namespace {

Config live_config() {
  Config c = test::tiny_config();
  c.train.precision = "f32";
  c.model.init_std = 0.1;
  return c;
}

std::vector<float> weights(const train::Trainer& trainer) {
  std::vector<float> out;
  for (const auto& t : trainer.parameters()) {
    std::int64_t n = 1;
    for (const auto d : t.shape) n *= d;
    const auto* data = static_cast<const float*>(t.data);
    out.insert(out.end(), data, data + n);
  }
  return out;
}

}  // namespace

class TestTrainerLive : public QObject {
  Q_OBJECT
 private slots:
  void every_setting_acts_data();
  void every_setting_acts();
  void top_k_through_its_range();
  void the_rate_follows_its_settings();
  void refuses_data();
  void refuses();
  void an_infinite_loss_stops_the_step();
  void a_failed_step_leaves_no_gradient();
  void an_exploding_gradient_is_named();
  void foreign_token_ids_are_refused();
};

void TestTrainerLive::every_setting_acts_data() {
  QTest::addColumn<QString>("key");
  QTest::addColumn<QString>("value");
  const auto row = [](const char* key, const char* value) { QTest::newRow(key) << QString(key) << QString(value); };
  row("router.top_k", "3");
  row("router.renormalise", "false");
  row("router.noise", "2");
  row("router.z_coefficient", "0.3");
  row("balance.coefficient", "1");
  row("optim.lr", "0.02");
  row("optim.warmup", "50");
  row("optim.beta1", "0.5");
  row("optim.beta2", "0.5");
  row("optim.eps", "0.01");
  row("optim.weight_decay", "1");
  row("optim.clip", "0.01");
  row("optim.accumulation", "2");
  row("optim.schedule", "constant");
  row("optim.min_lr_ratio", "0.9");
  row("train.steps", "40");
}

void TestTrainerLive::every_setting_acts() {
  QFETCH(QString, key);
  QFETCH(QString, value);
  const test::FakeDataset dataset(31);
  train::Trainer plain(live_config(), dataset), edited(live_config(), dataset);
  for (int i = 0; i < 3; ++i) plain.step(), edited.step();
  QVERIFY(weights(plain) == weights(edited));
  edited.check(key.toStdString(), value.toStdString());
  QVERIFY(weights(plain) == weights(edited));
  edited.apply(key.toStdString(), value.toStdString());
  plain.step();
  const auto report = edited.step();
  QVERIFY(std::isfinite(report.loss));
  QVERIFY2(weights(plain) != weights(edited), "the change had no effect on the next step");
}

void TestTrainerLive::top_k_through_its_range() {
  const test::FakeDataset dataset(31);
  train::Trainer trainer(live_config(), dataset);
  const int tokens = trainer.config().train.batch * trainer.config().model.context;
  for (const int k : {2, 1, 4, 3, 1, 2}) {
    const std::int64_t before = trainer.active_parameter_count();
    const int old = trainer.config().router.top_k;
    trainer.apply("router.top_k", std::to_string(k));
    const auto report = trainer.step();
    QCOMPARE(report.top_k, k);
    for (const auto& layer : report.layers)
      QCOMPARE(std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0}), std::int64_t{tokens} * k);
    const std::int64_t expert = 3 * 16 * 12, layers = 2;
    QCOMPARE(trainer.active_parameter_count() - before, layers * expert * (k - old));
  }
}

void TestTrainerLive::the_rate_follows_its_settings() {
  const test::FakeDataset dataset(31);
  train::Trainer trainer(live_config(), dataset);
  QCOMPARE(trainer.step().lr, 0.5e-3);  // first of two warm-up steps
  QCOMPARE(trainer.step().lr, 1e-3);
  trainer.apply("optim.schedule", "constant");
  trainer.apply("optim.lr", "0.004");
  QCOMPARE(trainer.step().lr, 0.004);
}

void TestTrainerLive::refuses_data() {
  QTest::addColumn<QString>("key");
  QTest::addColumn<QString>("value");
  QTest::newRow("more than E") << "router.top_k"
                               << "5";
  QTest::newRow("zero") << "router.top_k"
                        << "0";
  QTest::newRow("not a number") << "optim.lr"
                                << "nan";
  QTest::newRow("negative") << "balance.coefficient"
                            << "-1";
  QTest::newRow("not of its kind") << "router.top_k"
                                   << "two";
  QTest::newRow("unknown key") << "router.topk"
                               << "2";
  QTest::newRow("unknown policy") << "router.policy"
                                  << "astrology";
  QTest::newRow("part of the shape") << "model.width"
                                     << "32";
  QTest::newRow("seed") << "seed"
                        << "7";
  QTest::newRow("warm-up beyond the end") << "optim.warmup"
                                          << "101";
}

void TestTrainerLive::refuses() {
  QFETCH(QString, key);
  QFETCH(QString, value);
  const test::FakeDataset dataset(31);
  train::Trainer plain(live_config(), dataset), edited(live_config(), dataset);
  for (const bool apply : {false, true}) {
    try {
      if (apply)
        edited.apply(key.toStdString(), value.toStdString());
      else
        edited.check(key.toStdString(), value.toStdString());
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::usage);
      QVERIFY(!error.action().empty() || !error.limit().empty());
    }
  }
  plain.step(), edited.step();
  QVERIFY(weights(plain) == weights(edited));
}

void TestTrainerLive::an_infinite_loss_stops_the_step() {
  const test::FakeDataset dataset(31);
  Config config = live_config();
  config.optim.clip = 0;
  train::Trainer trainer(config, dataset);
  trainer.step();
  for (auto& t : trainer.mutable_parameters())
    if (t.name == "model.layers.1.block_sparse_moe.experts.0.w2.weight" || t.name == "lm_head.weight")
      for (int i = 0; i < 16 * 12; ++i) static_cast<float*>(t.data)[i] = 1e30F;
  const auto before = weights(trainer);
  try {
    trainer.step();
    QFAIL("a loss beyond float32 was accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::diverged);
    QVERIFY(!error.action().empty());
    QCOMPARE(QString::fromStdString(error.where()), QString("step 2"));
  }
  QVERIFY(before == weights(trainer));
  QCOMPARE(trainer.step_count(), std::int64_t{1});
  for (const auto& t : trainer.optimizer_state()) QVERIFY(std::isfinite(static_cast<const float*>(t.data)[0]));
}

void TestTrainerLive::a_failed_step_leaves_no_gradient() {
  const test::FakeDataset dataset(31);
  train::Trainer healthy(live_config(), dataset), trainer(live_config(), dataset);
  const auto set_norm = [&](float value) {
    for (auto& t : trainer.mutable_parameters())
      if (t.name == "model.layers.0.input_layernorm.weight") static_cast<float*>(t.data)[0] = value;
  };
  // The second micro-batch fails after the first has left its gradient.
  trainer.apply("optim.accumulation", "2");
  healthy.apply("optim.accumulation", "2");
  set_norm(std::numeric_limits<float>::quiet_NaN());
  QVERIFY_EXCEPTION_THROWN(trainer.step(), Error);
  set_norm(1.0F);
  healthy.step(), trainer.step();
  QVERIFY(weights(healthy) == weights(trainer));
}

void TestTrainerLive::an_exploding_gradient_is_named() {
  const test::FakeDataset dataset(31);
  Config config = live_config();
  config.optim.clip = 0;
  config.model.norm_eps = 1e-38;
  train::Trainer trainer(config, dataset);
  // Behind the first norm a scale of 1e-18 in the embedding changes nothing but its own gradient: 1e18 times larger.
  // Its square is beyond float32, so AdamW's second moment would become infinite.
  for (auto& t : trainer.mutable_parameters())
    if (t.name == "model.embed_tokens.weight")
      for (int i = 0; i < 31 * 16; ++i) static_cast<float*>(t.data)[i] *= 1e-18F;
  const auto before = weights(trainer);
  try {
    trainer.step();
    QFAIL("a gradient whose square is infinite was accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::diverged);
    QVERIFY(QString::fromStdString(error.summary()).contains("gradient of model.embed_tokens.weight"));
  }
  QVERIFY(before == weights(trainer));
}

void TestTrainerLive::foreign_token_ids_are_refused() {
  const test::FakeDataset dataset(40);  // a larger vocabulary than the model's 31
  train::Trainer trainer(live_config(), dataset);
  try {
    for (int i = 0; i < 20; ++i) trainer.step();
    QFAIL("an id beyond the vocabulary was accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::bad_input);
  }
}

QTEST_GUILESS_MAIN(TestTrainerLive)
#include "tst_trainer_live.moc"
