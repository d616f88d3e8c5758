// SPDX-License-Identifier: Apache-2.0
// What the plane presets promise, in steps rather than seconds: each is learned from five seeds, spirals are divided,
// the collapse collapses and is repaired.
#include <QtTest>
#include <algorithm>

#include "engine/train/session_picture.h"
#include "engine/train/session_setup.h"
#include "tests/engine/train/plane_fixture.h"

using namespace moe;
using moe::test::plane_data;

class TestPlanePresets : public QObject {
  Q_OBJECT
 private slots:
  void are_learned_data();
  void are_learned();
  void spirals_are_divided_data();
  void spirals_are_divided();
  void collapse_and_repair_data();
  void collapse_and_repair();
};

namespace {

Config preset_config(const std::string& name, quint64 seed) {
  return train::make_config(name, {{"seed", seed}, {"train.threads", 1}});
}

void rows_of_seeds() {
  QTest::addColumn<quint64>("seed");
  for (quint64 seed = 1; seed <= 5; ++seed) QTest::addRow("seed %d", int(seed)) << seed;
}

/// Experts without a single point in `steps` steps.
int dead_experts(train::Trainer& trainer, int steps) {
  std::vector<std::int64_t> load;
  for (int i = 0; i < steps; ++i) {
    const auto report = trainer.step();
    load.resize(report.layers[0].load.size());
    for (std::size_t e = 0; e < load.size(); ++e) load[e] += report.layers[0].load[e];
  }
  return static_cast<int>(std::count(load.begin(), load.end(), 0));
}

}  // namespace

void TestPlanePresets::are_learned_data() {
  QTest::addColumn<QString>("preset");
  QTest::addColumn<quint64>("seed");
  for (const char* preset : {"plane-spirals", "plane-moons", "plane-blobs", "plane-checkerboard", "plane-rings",
                             "plane-steps", "plane-wave"})
    for (quint64 seed = 1; seed <= 5; ++seed)
      QTest::newRow(qPrintable(QString("%1, seed %2").arg(preset).arg(seed))) << preset << seed;
}

void TestPlanePresets::are_learned() {
  QFETCH(QString, preset);
  QFETCH(quint64, seed);
  const Config config = preset_config(preset.toStdString(), seed);
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  train::StepReport report;
  for (std::int64_t i = 0; i < config.train.steps; ++i) trainer.step(report);
  const train::EvalReport eval = trainer.evaluate(1);
  QCOMPARE(eval.tokens, 4000);
  const double score = data.classes() > 0 ? eval.accuracy : eval.r2;
  QVERIFY2(score >= 0.97, QByteArray::number(score));
}

void TestPlanePresets::spirals_are_divided_data() { rows_of_seeds(); }

void TestPlanePresets::spirals_are_divided() {
  QFETCH(quint64, seed);
  const Config config = preset_config("plane-spirals", seed);
  QCOMPARE(config.router.top_k, 1);
  QCOMPARE(config.model.experts, 4);
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  train::StepReport report;
  for (std::int64_t i = 0; i < config.train.steps; ++i) trainer.step(report);
  const auto picture = train::paint(trainer, data, {0, 96, 0});
  QVERIFY(std::count_if(picture.area.begin(), picture.area.end(), [](double share) { return share >= 0.1; }) >= 3);
}

void TestPlanePresets::collapse_and_repair_data() { rows_of_seeds(); }

void TestPlanePresets::collapse_and_repair() {
  QFETCH(quint64, seed);
  const Config config = preset_config("plane-collapse", seed);
  QCOMPARE(config.balance.coefficient, 0.0);
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  for (int i = 0; i < 1900; ++i) trainer.step();
  const int dead = dead_experts(trainer, 100);
  QVERIFY2(dead >= config.model.experts / 2, QByteArray::number(dead));
  trainer.apply("balance.coefficient", "0.05");
  trainer.apply("router.noise", "1");
  for (int i = 0; i < 2900; ++i) trainer.step();
  QCOMPARE(dead_experts(trainer, 100), 0);
  QVERIFY(trainer.evaluate(1).accuracy > 0.97);
}

QTEST_GUILESS_MAIN(TestPlanePresets)
#include "tst_plane_presets.moc"
