// SPDX-License-Identifier: Apache-2.0
// Whole runs with every router: the same bits on one and two threads and after a resume, live switches between every
// pair, remedies, revived, added and removed experts.
#include <QtTest>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "engine/moe/router.h"
#include "engine/train/model.h"
#include "engine/train/trainer.h"
#include "engine/train/transplant.h"
#include "tests/engine/train/tiny_model.h"

using namespace moe;

namespace {

Config config_of(const std::string& policy) {
  Config c = test::tiny_config();
  c.train.precision = "f32";
  c.model.init_std = 0.1;
  c.router.policy = policy;
  c.router.noise = 0.1, c.router.jitter = 0.05;
  c.balance.importance = 0.01, c.balance.load = 0.01, c.balance.scope = "global_batch";
  c.capacity.factor = 1.25;
  c.remedy = {.random_fraction = 0.05, .min_tokens = 1, .idle_share = 0.1, .revive_after = 4};
  c.optim.accumulation = 2;
  return c;
}

std::vector<char> bits(const train::Trainer& trainer) {
  std::vector<char> out;
  for (const auto& tensors : {trainer.parameters(), trainer.optimizer_state()})
    for (const auto& t : tensors) {
      std::int64_t n = 1;
      for (const auto d : t.shape) n *= d;
      const auto* data = static_cast<const char*>(t.data);
      out.insert(out.end(), data, data + n * (t.is_f64 ? 8 : 4));
    }
  return out;
}

/// What a checkpoint brings back.
void restore(train::Trainer& to, const train::Trainer& from, std::int64_t step) {
  const auto copy = [](const auto& source, const auto& target) {
    QCOMPARE(source.size(), target.size());
    for (std::size_t i = 0; i < source.size(); ++i) {
      QCOMPARE(source[i].name, target[i].name);
      QVERIFY(source[i].shape == target[i].shape);
      std::int64_t n = 4;
      for (const auto d : source[i].shape) n *= d;
      std::memcpy(target[i].data, source[i].data, static_cast<std::size_t>(n));
    }
  };
  copy(from.parameters(), to.mutable_parameters());
  copy(from.optimizer_state(), to.mutable_optimizer_state());
  to.load_experts_state(nlohmann::json::parse(from.experts_state().dump()));
  to.loaded(step, 0);
}

}  // namespace

class TestRouterRuns : public QObject {
  Q_OBJECT
 private slots:
  void threads_and_resume_data();
  void threads_and_resume();
  void every_switch_data();
  void every_switch();
  void switching_back_and_forth_resumes();
  void revive();
  void revived_in_place();
  void dead_experts_revive_themselves();
  void add_and_remove();
  void loss_free_bias_balances();
  void idle_share_moves_idle_experts();
  void refuses_data();
  void refuses();
};

void TestRouterRuns::threads_and_resume_data() {
  QTest::addColumn<QString>("policy");
  for (const auto& entry : routing::routers())
    if (!entry.info.mixes_tokens) QTest::newRow(entry.info.name.c_str()) << QString::fromStdString(entry.info.name);
}

void TestRouterRuns::threads_and_resume() {
  QFETCH(QString, policy);
  const test::FakeDataset dataset(31);
  Config config = config_of(policy.toStdString()), two = config;
  two.train.threads = 2;
  train::Trainer straight(config, dataset), threaded(two, dataset), first(config, dataset), second(config, dataset);
  for (int i = 0; i < 9; ++i) {
    const auto report = straight.step();
    QVERIFY(std::isfinite(report.loss));
    threaded.step();
    for (const auto& layer : report.layers)
      if (!layer.kept.empty()) QVERIFY(layer.dropped() >= 0 && layer.kept.size() == layer.load.size());
  }
  QVERIFY(bits(straight) == bits(threaded));
  for (int i = 0; i < 5; ++i) first.step();
  restore(second, first, 5);
  for (int i = 0; i < 4; ++i) second.step();
  QVERIFY(bits(straight) == bits(second));
}

void TestRouterRuns::every_switch_data() { threads_and_resume_data(); }

void TestRouterRuns::every_switch() {
  QFETCH(QString, policy);
  const test::FakeDataset dataset(31);
  for (const auto& entry : routing::routers()) {
    train::Trainer trainer(config_of(policy.toStdString()), dataset);
    trainer.step();
    if (entry.info.mixes_tokens) {  // refused before anything happens
      QVERIFY_EXCEPTION_THROWN(trainer.check("router.policy", entry.info.name), Error);
      QVERIFY_EXCEPTION_THROWN(trainer.apply("router.policy", entry.info.name), Error);
      QVERIFY(std::isfinite(trainer.step().loss));
      continue;
    }
    const std::string note = trainer.apply("router.policy", entry.info.name);
    const bool fresh = entry.info.name == "noisy_top_k" && policy != "noisy_top_k";
    if (fresh) QVERIFY2(note.find("gate.noise_weight") != std::string::npos, note.c_str());
    for (int i = 0; i < 2; ++i) QVERIFY(std::isfinite(trainer.step().loss));
  }
}

void TestRouterRuns::switching_back_and_forth_resumes() {
  const test::FakeDataset dataset(31);
  const Config config = config_of("softmax_top_k");
  const auto drive = [&](train::Trainer& t, int from, int to) {
    for (int i = from; i < to; ++i) {
      if (i == 1) t.apply("router.policy", "noisy_top_k");
      if (i == 3) t.apply("router.policy", "hash");
      if (i == 5) t.apply("router.policy", "sigmoid_top_k");
      if (i == 6) t.apply("experts.add", "2");
      t.step();
    }
  };
  train::Trainer straight(config, dataset), first(config, dataset), second(config, dataset);
  drive(straight, 0, 9);
  drive(first, 0, 7);
  for (const auto& [key, value] : {std::pair{"router.policy", "noisy_top_k"},
                                   {"router.policy", "hash"},
                                   {"router.policy", "sigmoid_top_k"},
                                   {"experts.add", "2"}})
    second.apply(key, value);  // as a resume does: the settings first, then the tensors
  restore(second, first, 7);
  drive(second, 7, 9);
  QVERIFY(bits(straight) == bits(second));
}

void TestRouterRuns::revive() {
  const test::FakeDataset dataset(31);
  train::Trainer trainer(config_of("softmax_top_k"), dataset);
  for (int i = 0; i < 3; ++i) trainer.step();
  const auto tensor = [&](const train::Trainer& t, const std::string& name) {
    for (const auto& all : {t.parameters(), t.optimizer_state()})
      for (const auto& p : all)
        if (p.name == name) {
          std::int64_t n = 1;
          for (const auto d : p.shape) n *= d;
          return std::vector<float>(static_cast<const float*>(p.data), static_cast<const float*>(p.data) + n);
        }
    return std::vector<float>();
  };
  const std::string note = trainer.apply("experts.revive", "L2E3");
  QVERIFY2(note.rfind("a copy of L2·E", 0) == 0, note.c_str());
  const std::string layer = "model.layers.1.block_sparse_moe.experts.";
  const auto source = static_cast<char>(note.back() - 1);  // E1 is expert 0
  const auto copied = tensor(trainer, layer + "2.w1.weight"), original = tensor(trainer, layer + source + ".w1.weight");
  QCOMPARE(copied.size(), original.size());
  double gap = 0, size = 0;
  for (std::size_t i = 0; i < copied.size(); ++i)
    gap += std::pow(double(copied[i] - original[i]), 2), size += std::pow(double(original[i]), 2);
  QVERIFY(gap > 0 && std::abs(std::sqrt(gap / size) - 0.05) < 0.02);
  for (const char* moment : {".exp_avg", ".exp_avg_sq"})
    for (const float m : tensor(trainer, layer + "2.w1.weight" + moment)) QCOMPARE(m, 0.0F);
  QVERIFY(std::isfinite(trainer.step().loss));
}

// A copy within the model has the bits that it has when a second model is built around it.
void TestRouterRuns::revived_in_place() {
  for (const char* policy : {"softmax_top_k", "noisy_top_k", "sigmoid_top_k", "hash", "expert_choice"}) {
    const Config config = config_of(policy);
    const auto backend = make_backend("cpu", 1);
    ops::Context ctx{*backend};
    train::Model model(ctx, config, DType::f32), second(ctx, config, DType::f32);
    for (const auto& e : model.parameters().exposed())
      if (e.first_moment) ops::fill(ctx, e.first_moment, 0.25), ops::fill(ctx, e.second_moment, 0.5);
    const int experts = config.model.experts;
    train::ExpertOrigin origin;
    origin.layer = 1, origin.clones = {2};
    for (int e = 0; e < experts; ++e) origin.from.push_back(e == 2 ? 0 : e);
    origin.load.assign(std::size_t(experts), 1.0 / experts);
    QVERIFY(train::transplant(ctx, model.parameters(), second.parameters(), {origin}, 7, 11).empty());
    train::replace_experts(ctx, model.parameters(), origin, 7, 11);
    const auto here = model.parameters().exposed(), there = second.parameters().exposed();
    for (std::size_t i = 0; i < here.size(); ++i)
      for (const auto& [a, b] :
           {std::pair(here[i].value, there[i].value), std::pair(here[i].first_moment, there[i].first_moment),
            std::pair(here[i].second_moment, there[i].second_moment)})
        QVERIFY2(!a || std::memcmp(a.data, b.data, a.bytes()) == 0, here[i].part->name.c_str());
  }
}

// An expert whose router row repels every token is dead within the window and comes back.
void TestRouterRuns::dead_experts_revive_themselves() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.train.precision = "f32";
  config.train.batch = 64;
  config.balance.coefficient = 0, config.router.top_k = 1, config.router.policy = "sigmoid_top_k";
  config.remedy.revive_after = 5;
  train::Trainer trainer(config, dataset);
  for (auto& t : trainer.mutable_parameters())
    if (t.name == "model.layers.0.block_sparse_moe.gate.e_score_correction_bias") static_cast<float*>(t.data)[1] = -5;
  for (int i = 1; i <= 5; ++i) {
    const auto report = trainer.step();
    QCOMPARE(report.layers[0].load[1], std::int64_t{0});
    if (i < 5) QVERIFY(report.layers[0].revived.empty());
    if (i == 5) QVERIFY(report.layers[0].revived == std::vector<int>{1});
  }
  QVERIFY(trainer.step().layers[0].load[1] > 0);
}

void TestRouterRuns::add_and_remove() {
  const test::FakeDataset dataset(31);
  for (const char* policy : {"softmax_top_k", "noisy_top_k", "sigmoid_top_k", "hash", "expert_choice"}) {
    train::Trainer trainer(config_of(policy), dataset);
    for (int i = 0; i < 3; ++i) trainer.step();
    const std::int64_t before = trainer.parameter_count();
    trainer.apply("experts.add", "3");
    QCOMPARE(trainer.config().model.experts, 7);
    QVERIFY(trainer.parameter_count() > before);
    auto report = trainer.step();
    QVERIFY(std::isfinite(report.loss));
    for (const auto& layer : report.layers) QCOMPARE(layer.load.size(), std::size_t(7));
    trainer.apply("experts.remove", "3");
    QCOMPARE(trainer.parameter_count(), before);
    for (int i = 0; i < 2; ++i) report = trainer.step();
    QVERIFY(std::isfinite(report.loss));
    for (const auto& layer : report.layers) QCOMPARE(layer.load.size(), std::size_t(4));
  }
}

void TestRouterRuns::loss_free_bias_balances() {
  const test::FakeDataset dataset(31);
  Config config = test::tiny_config();
  config.train.precision = "f32", config.train.batch = 32, config.router.policy = "sigmoid_top_k";
  config.router.top_k = 1, config.balance.coefficient = 0, config.balance.bias_step = 0.01, config.optim.lr = 1e-4;
  Config without = config;
  without.balance.bias_step = 0;
  train::Trainer biased(config, dataset), plain(without, dataset);
  double with_bias = 0, with_none = 0;
  for (int i = 0; i < 150; ++i) {
    const auto a = biased.step(), b = plain.step();
    if (i < 130) continue;
    with_bias += a.layers[0].max_violation, with_none += b.layers[0].max_violation;
    QCOMPARE(a.layers[0].bias.size(), std::size_t(4));
  }
  QVERIFY2(with_bias < 0.5 * with_none, qPrintable(QString("%1 %2").arg(with_bias).arg(with_none)));
}

void TestRouterRuns::idle_share_moves_idle_experts() {
  const test::FakeDataset dataset(31);
  const auto moved = [&](double share) {
    Config config = test::tiny_config();
    config.train.precision = "f32", config.router.policy = "sigmoid_top_k", config.router.top_k = 1;
    config.optim.weight_decay = 0, config.remedy.idle_share = share;
    train::Trainer trainer(config, dataset);
    for (auto& t : trainer.mutable_parameters())
      if (t.name == "model.layers.0.block_sparse_moe.gate.e_score_correction_bias") static_cast<float*>(t.data)[1] = -5;
    const auto weights = [&] {
      for (const auto& p : trainer.parameters())
        if (p.name == "model.layers.0.block_sparse_moe.experts.1.w2.weight")
          return std::vector<float>(static_cast<const float*>(p.data), static_cast<const float*>(p.data) + 16 * 12);
      return std::vector<float>();
    };
    const auto before = weights();
    trainer.step();
    return before != weights();
  };
  QVERIFY(!moved(0));
  QVERIFY(moved(0.1));
}

void TestRouterRuns::refuses_data() {
  QTest::addColumn<QString>("key");
  QTest::addColumn<QString>("value");
  const auto row = [](const char* name, const char* key, const char* value) {
    QTest::newRow(name) << QString(key) << QString(value);
  };
  row("no expert", "experts.revive", "expert three");
  row("from zero", "experts.revive", "L0E1");
  row("beyond the model", "experts.revive", "L1E9");
  row("a dense layer", "experts.revive", "L3E1");
  row("trailing", "experts.revive", "L1E1x");
  row("too many removed", "experts.remove", "3");
  row("none", "experts.add", "0");
  row("no number", "experts.add", "two");
  row("k beyond what is left", "experts.remove", "2");
  row("groups that do not divide", "router.groups", "3");
  row("unknown action", "experts.clone", "1");
  row("a guarantee beyond the batch", "remedy.min_tokens", "1000");
}

void TestRouterRuns::refuses() {
  QFETCH(QString, key);
  QFETCH(QString, value);
  const test::FakeDataset dataset(31);
  Config config = config_of("softmax_top_k");
  config.model.layers = 3, config.model.dense_every = 3, config.router.top_k = 3;
  train::Trainer trainer(config, dataset);
  const auto before = bits(trainer);
  try {
    trainer.apply(key.toStdString(), value.toStdString());
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::usage);
    QVERIFY(!error.action().empty());
  }
  QVERIFY(before == bits(trainer));
}

QTEST_GUILESS_MAIN(TestRouterRuns)
#include "tst_router_runs.moc"
