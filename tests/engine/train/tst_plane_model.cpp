// SPDX-License-Identifier: Apache-2.0
// Models of points: the gradient of the whole against differences in float64, answers that add up, threads, train.only.
#include <QtTest>
#include <cmath>
#include <functional>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"
#include "engine/train/plane_task.h"
#include "tests/engine/train/plane_fixture.h"

using namespace moe;
using moe::test::plane_config;
using moe::test::plane_data;

using Change = std::function<void(Config&)>;
Q_DECLARE_METATYPE(Change)

namespace {

/// The total loss of one batch outside of a trainer, with its gradient in reach.
struct Harness {
  explicit Harness(const Config& config)
      : data(plane_data(config)), bench(config, nullptr, data.classes()), task(bench, data) {}
  double total(bool with_gradient) {
    nn::Pass pass = task.begin(3, 0);
    pass.training = true;
    pass.step = 3;
    const View output = bench.model->forward(pass);
    if (with_gradient)
      task.read_loss(pass, output);
    else
      bench.read_loss(pass, task.targets(task.batch().labels, task.batch().values), false);
    double value = 0;
    for (const double loss : bench.host_loss) value += loss / static_cast<double>(bench.host_loss.size());
    for (auto* layer : bench.model->moe_layers()) {
      const auto experts = static_cast<std::size_t>(layer->experts());
      routing::ExpertTally tally{std::vector<std::int64_t>(experts), std::vector<std::int64_t>(experts),
                                 std::vector<double>(experts), false};
      const auto s = layer->collect(pass, tally);
      value += bench.config.balance.coefficient * s.balance_loss + bench.config.router.z_coefficient * s.z_loss;
    }
    if (with_gradient) bench.model->backward(pass);
    return value;
  }
  data::PlaneData data;
  train::Workbench bench;
  train::PlaneTask task;
};

std::vector<double> numbers(const train::NamedTensor& tensor) {
  std::size_t n = 1;
  for (const auto dim : tensor.shape) n *= static_cast<std::size_t>(dim);
  const auto* d = static_cast<const double*>(tensor.data);
  return {d, d + n};
}

}  // namespace

class TestPlaneModel : public QObject {
  Q_OBJECT
 private slots:
  void gradients_data();
  void gradients();
  void borders_need_no_origin();
  void answers_add_up_data();
  void answers_add_up();
  void a_batch_is_what_the_step_trains();
  void threads_change_nothing();
  void only_a_group_moves_data();
  void only_a_group_moves();
  void sizes_are_counted();
  void the_wrong_data_are_refused();
};

void TestPlaneModel::gradients_data() {
  QTest::addColumn<QString>("points");
  QTest::addColumn<Change>("change");
  QTest::newRow("classes") << "spirals" << Change([](Config&) {});
  QTest::newRow("values") << "wave" << Change([](Config&) {});
  QTest::newRow("rms norm") << "spirals" << Change([](Config& c) { c.model.norm = "rms"; });
  QTest::newRow("attention") << "spirals" << Change([](Config& c) {
    c.model.attention = true, c.model.width = 8, c.model.heads = 2, c.model.kv_heads = 1;
  });
  QTest::newRow("attention, rms norm, values") << "steps" << Change([](Config& c) {
    c.model.attention = true, c.model.norm = "rms", c.model.width = 8, c.model.heads = 2, c.model.kv_heads = 2;
  });
  QTest::newRow("top-1, noise") << "spirals" << Change([](Config& c) { c.router.top_k = 1, c.router.noise = 0.7; });
  QTest::newRow("gelu, shared") << "blobs"
                                << Change([](Config& c) { c.model.activation = "gelu", c.model.shared_experts = 1; });
  QTest::newRow("dense") << "moons" << Change([](Config& c) { c.model.experts = c.router.top_k = 1; });
}

void TestPlaneModel::gradients() {
  QFETCH(QString, points);
  QFETCH(Change, change);
  Config config = plane_config(points.toStdString());
  change(config);
  Harness harness(config);
  harness.total(true);
  constexpr double h = 1e-5;
  int checked = 0;
  for (const auto& tensor : harness.bench.model->parameters().exposed()) {
    double* value = tensor.value.as<double>();
    for (std::int64_t i = 0; i < tensor.value.size(); i += 3, ++checked) {
      const double kept = value[i];
      value[i] = kept + h;
      const double above = harness.total(false);
      value[i] = kept - h;
      const double below = harness.total(false);
      value[i] = kept;
      const double numeric = (above - below) / (2 * h), found = tensor.gradient.as<double>()[i];
      QVERIFY2(std::abs(numeric - found) <= 1e-6 * std::abs(numeric) + 2e-9,
               qPrintable(QString("%1[%2]: %3, difference quotient %4")
                              .arg(QString::fromStdString(tensor.part->name))
                              .arg(i)
                              .arg(found)
                              .arg(numeric)));
    }
  }
  QVERIFY(checked > 40);
}

// A gate without a bias is linear in the features, and the constant feature makes that affine in the point: on the line
// through the origin its two halves can have the same owner.
void TestPlaneModel::borders_need_no_origin() {
  Config config = plane_config("blobs");
  config.model.layers = 1;
  config.router.top_k = 1;
  const auto data = plane_data(config);
  bool same = false, other = false;
  for (std::uint64_t seed = 1; seed <= 20 && !(same && other); ++seed) {
    config.seed = seed;
    const train::Trainer trainer(config, data);
    const std::vector<float> xy{0.6f, 0.3f, -0.6f, -0.3f};
    const auto trace = trainer.trace_points(xy, 0, false);
    (trace.experts_of[0] == trace.experts_of[1] ? same : other) = true;
    const std::size_t e = static_cast<std::size_t>(trace.experts);
    // logit(p) + logit(−p) is twice the logit at the origin, which is not zero.
    const auto origin = trainer.trace_points(std::vector<float>{0, 0}, 0, false);
    for (std::size_t i = 0; i < e; ++i)
      QVERIFY(std::abs(trace.logits[i] + trace.logits[e + i] - 2 * origin.logits[i]) < 1e-5f);
    QVERIFY(std::abs(origin.logits[0]) > 1e-4f);
  }
  QVERIFY(same && other);
}

void TestPlaneModel::answers_add_up_data() { gradients_data(); }

void TestPlaneModel::answers_add_up() {
  QFETCH(QString, points);
  QFETCH(Change, change);
  Config config = plane_config(points.toStdString());
  change(config);
  const auto data = plane_data(config);
  const train::Trainer trainer(config, data);
  const auto& xy = data.train().xy;
  const auto trace =
      trainer.trace_points(std::span(xy).first(40), static_cast<int>(trainer.moe_layers().size()) - 1, true);
  const auto n = static_cast<std::size_t>(trace.points), c = static_cast<std::size_t>(trace.outputs);
  QCOMPARE(trace.output.size(), n * c);
  if (trace.experts == 0) {
    QVERIFY(trainer.moe_layers().empty());
    return;
  }
  // Of the last layer nothing comes after, so what is left without the experts is the same for all choices: knocking
  // out is subtraction. Recomputed here in double from the parts.
  const auto k = static_cast<std::size_t>(trace.top_k);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t out = 0; out < c; ++out) {
      double sum = double(trace.base[i * c + out]);
      for (std::size_t j = 0; j < k; ++j)
        sum += double(trace.weights[i * k + j]) *
               double(trace.answers[(static_cast<std::size_t>(trace.experts_of[i * k + j]) * n + i) * c + out]);
      QVERIFY(std::abs(sum - double(trace.output[i * c + out])) < 1e-5 * (1 + std::abs(sum)));
    }
  if (config.model.layers != 2 || config.model.shared_experts > 0 || config.model.attention) return;
  // With every expert's weights of w2 in the last layer zero, the output is the base itself.
  train::Trainer silent(config, data);
  for (const auto& tensor : silent.mutable_parameters())
    if (tensor.name.find("layers.1.block_sparse_moe.experts.") != std::string::npos &&
        tensor.name.find(".w2.") != std::string::npos)
      std::fill_n(static_cast<double*>(tensor.data), tensor.shape[0] * tensor.shape[1], 0.0);
  const auto quiet = silent.trace_points(std::span(xy).first(40), 1, false);
  for (std::size_t i = 0; i < n * c; ++i) QVERIFY(std::abs(quiet.output[i] - trace.base[i]) < 1e-4f);
}

void TestPlaneModel::a_batch_is_what_the_step_trains() {
  Config config = plane_config("spirals");
  config.router.noise = 0.5;
  const auto data = plane_data(config);
  train::Trainer trainer(config, data), undisturbed(config, data);
  for (int step = 0; step < 5; ++step) {
    const train::BatchTrace batch = trainer.trace_batch(0);
    const train::StepReport report = trainer.step(), same = undisturbed.step();
    QCOMPARE(report.loss, same.loss);  // looking changes nothing
    double sum = 0;
    for (const float loss : batch.loss) sum += double(loss);
    QVERIFY(std::abs(sum / 9 - report.loss) < 1e-6 * (1 + report.loss));
    QCOMPARE(batch.counts, report.layers[0].load);
    QVERIFY(std::abs(batch.balance_loss - report.layers[0].balance_loss) < 1e-9);
    // The scores that chose are the logits with the noise of this step.
    bool noisy = false;
    for (std::size_t i = 0; i < batch.scores.size(); ++i) noisy |= batch.scores[i] != batch.trace.logits[i];
    QVERIFY(noisy && batch.scores.size() == 27);
  }
}

void TestPlaneModel::threads_change_nothing() {
  for (const char* points : {"spirals", "wave"}) {
    Config config = plane_config(points);
    config.train.precision = "f32";
    config.train.batch = 300;
    const auto data = plane_data(config);
    config.train.threads = 1;
    train::Trainer one(config, data);
    config.train.threads = 2;
    train::Trainer two(config, data);
    for (int i = 0; i < 20; ++i) {
      const auto a = one.step(), b = two.step();
      QCOMPARE(a.loss, b.loss);
      QVERIFY(std::isnan(a.accuracy) ? a.r2 == b.r2 : a.accuracy == b.accuracy);
    }
    QCOMPARE(one.evaluate(1).loss, two.evaluate(1).loss);
  }
}

void TestPlaneModel::only_a_group_moves_data() {
  QTest::addColumn<QString>("only");
  QTest::newRow("router") << "router";
  QTest::newRow("experts") << "experts";
}

void TestPlaneModel::only_a_group_moves() {
  QFETCH(QString, only);
  const Config config = plane_config("spirals");
  const auto data = plane_data(config);
  train::Trainer trainer(config, data);
  for (int i = 0; i < 3; ++i) trainer.step();  // momentum that must not coast
  trainer.apply("train.only", only.toStdString());
  std::vector<std::vector<double>> weights, moments;
  for (const auto& tensor : trainer.parameters()) weights.push_back(numbers(tensor));
  for (const auto& tensor : trainer.optimizer_state()) moments.push_back(numbers(tensor));
  for (int i = 0; i < 3; ++i) trainer.step();
  int moved = 0, still = 0;
  const auto after = trainer.parameters();
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool router = after[i].name.find("gate.weight") != std::string::npos;
    const bool expert = after[i].name.find(".experts.") != std::string::npos;
    const bool same = numbers(after[i]) == weights[i];
    QVERIFY2(same == !(only == "router" ? router : expert), after[i].name.c_str());
    (same ? still : moved) += 1;
  }
  QVERIFY(moved >= 2 && still >= 4);
  const auto state = trainer.optimizer_state();
  for (std::size_t i = 0; i < state.size(); ++i) {
    const bool named = state[i].name.find(only == "router" ? "gate.weight" : ".experts.") != std::string::npos;
    QVERIFY2((numbers(state[i]) == moments[i]) == !named, state[i].name.c_str());
  }
  trainer.apply("train.only", "all");
  trainer.step();
  QVERIFY(numbers(trainer.parameters().front()) != weights.front());
  QVERIFY_EXCEPTION_THROWN(trainer.check("train.only", "gate"), Error);
}

void TestPlaneModel::sizes_are_counted() {
  for (const char* norm : {"none", "rms"}) {
    Config config = plane_config("spirals");
    config.model.norm = norm;
    const auto data = plane_data(config);
    const train::Trainer trainer(config, data);
    std::int64_t n = 0;
    for (const auto& tensor : trainer.parameters()) n += static_cast<std::int64_t>(numbers(tensor).size());
    QCOMPARE(trainer.parameter_count(), n);
    QCOMPARE(parameter_count(config), static_cast<double>(n));
    QVERIFY(trainer.active_parameter_count() < n && trainer.flops_per_token() > 0);
  }
}

void TestPlaneModel::the_wrong_data_are_refused() {
  Config config = plane_config("spirals");
  const auto data = plane_data(config);
  QVERIFY_EXCEPTION_THROWN(train::Trainer(config, data).trace_points(std::vector<float>{0, 0}, 2, false), Error);
  config.data.task = "text";
  config.model.width = 8;
  config.model.attention = true;
  try {
    const train::Trainer trainer(config, data);
    QFAIL("accepted");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::usage);
  }
}

QTEST_GUILESS_MAIN(TestPlaneModel)
#include "tst_plane_model.moc"
