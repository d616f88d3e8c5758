// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <nlohmann/json.hpp>

#include "engine/core/config.h"
#include "engine/core/error.h"

using moe::Config;
using moe::Error;

class TestConfigLimits : public QObject {
  Q_OBJECT
 private slots:
  void refused_data();
  void refused();
  void accepted_data();
  void accepted();
  void parameters_are_counted();
  void memory_is_asked_first();
};

namespace {

Config changed(const QByteArray& settings) {
  Config config;
  const auto json = nlohmann::json::parse(settings.toStdString());
  for (const auto& [key, value] : json.items()) moe::set_value(config, key, value);
  return config;
}

}  // namespace

void TestConfigLimits::refused_data() {
  QTest::addColumn<QByteArray>("settings");
  QTest::addColumn<QByteArray>("key");
  QTest::addColumn<QByteArray>("says");
  const auto row = [](const char* name, const char* settings, const char* key, const char* says) {
    QTest::newRow(name) << QByteArray(settings) << QByteArray(key) << QByteArray(says);
  };
  row("k above E", R"({"router.top_k": 9})", "router.top_k", "9 experts per token are more than model.experts = 8");
  row("E below k", R"({"model.experts": 1})", "router.top_k", "2 experts per token are more than model.experts = 1");
  row("heads", R"({"model.heads": 3})", "model.heads", "3 heads do not divide model.width = 128");
  row("more heads than width", R"({"model.width": 4, "model.heads": 8, "model.kv_heads": 8})", "model.heads",
      "do not divide");
  row("odd head", R"({"model.width": 12})", "model.heads", "odd 3 numbers");
  row("kv heads", R"({"model.kv_heads": 3})", "model.kv_heads", "3 KV heads do not divide model.heads = 4");
  row("more kv heads", R"({"model.kv_heads": 8})", "model.kv_heads", "8 KV heads");
  row("all dense", R"({"model.dense_every": 1})", "model.dense_every", "no layer with experts");
  row("warm-up", R"({"train.steps": 50})", "optim.warmup", "100 steps of warm-up are more than train.steps = 50");
  row("no file of points", R"({"data.task": "plane", "data.points": "file"})", "data.path", "no file of points");
  row("file unread", R"({"data.task": "plane", "data.path": "a.csv"})", "data.path", "data.points is spirals");
  row("three moons", R"({"data.task": "plane", "data.points": "moons", "data.classes": 3})", "data.classes",
      "moons cannot have 3 classes");
  row("coarse points", R"({"data.task": "plane", "train.precision": "bf16"})", "train.precision", "bf16");
  row("batch", R"({"train.batch": 65536, "model.context": 131072})", "train.batch", "tokens in one batch");
}

void TestConfigLimits::refused() {
  QFETCH(QByteArray, settings);
  QFETCH(QByteArray, key);
  QFETCH(QByteArray, says);
  try {
    moe::validate(changed(settings));
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), moe::ErrorKind::usage);
    QCOMPARE(error.where(), key.toStdString());
    QVERIFY2(QByteArray(error.what()).contains(says), error.what());
    QVERIFY(!error.limit().empty() && !error.action().empty());
  }
}

void TestConfigLimits::accepted_data() {
  QTest::addColumn<QByteArray>("settings");
  QTest::newRow("defaults") << QByteArray("{}");
  QTest::newRow("dense") << QByteArray(R"({"model.experts": 1, "router.top_k": 1})");
  QTest::newRow("k = E") << QByteArray(R"({"router.top_k": 8})");
  QTest::newRow("grouped queries") << QByteArray(R"({"model.kv_heads": 2})");
  QTest::newRow("one head of two") << QByteArray(R"({"model.width": 2, "model.heads": 1, "model.kv_heads": 1})");
  QTest::newRow("points, any width") << QByteArray(
      R"({"data.task": "plane", "model.attention": false, "model.width": 13, "model.heads": 4})");
  QTest::newRow("half dense") << QByteArray(R"({"model.dense_every": 2})");
  QTest::newRow("warm-up to the end") << QByteArray(R"({"train.steps": 100})");
}

void TestConfigLimits::accepted() {
  QFETCH(QByteArray, settings);
  moe::validate(changed(settings));
}

void TestConfigLimits::parameters_are_counted() {
  // By hand, 4 layers of D = 128, E = 8, F = 256, V = 1024, untied head, and the last norm.
  const double block = 4 * 128 * 128 + 2 * 128 + 8 * 128 + 8 * 3 * 128 * 256;
  QCOMPARE(moe::parameter_count(Config{}), 2 * 1024 * 128 + 128 + 4 * block);
  const Config grouped =
      changed(R"({"model.kv_heads": 1, "model.tied_head": true, "model.shared_experts": 1, "model.dense_every": 2,
                                     "model.dense_width": 64, "model.activation": "gelu"})");
  const double attention = 2 * 128 * 128 + 2 * 128 * 32 + 2 * 128, sparse = 8 * 128 + 9 * 2 * 128 * 256,
               dense = 2 * 128 * 64;
  QCOMPARE(moe::parameter_count(grouped), 1024 * 128 + 128 + 4 * attention + 2 * sparse + 2 * dense);
}

void TestConfigLimits::memory_is_asked_first() {
  Config config =
      changed(R"({"model.experts": 4096, "model.expert_width": 262144, "model.width": 65536, "model.layers": 512})");
  try {
    moe::validate(config);
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), moe::ErrorKind::resource);
    QVERIFY2(QByteArray(error.what()).contains("GiB"), error.what());
  }
  config.train.device = "cuda";  // the host's memory is not the question there
  moe::validate(config);
  QVERIFY(moe::training_bytes(Config{}) > 16 * moe::parameter_count(Config{}));
}

QTEST_GUILESS_MAIN(TestConfigLimits)
#include "tst_config_limits.moc"
