// SPDX-License-Identifier: Apache-2.0
// A whole tiny Mixtral against an independent implementation: gradients of one step, ten steps of losses, norms, rates
// and loads, and the parameters after them. See tests/golden/README.md.
#include "engine/train/trainer.h"
#include "tests/engine/train/tiny_model.h"
#include "tests/support/golden_tensors.h"
#include "tests/support/test_backend.h"

#include <QtTest>

using namespace moe;
using namespace moe::test;

namespace {

const nlohmann::json& run() {
  static const nlohmann::json json = golden_json("mixtral_tiny/run.json");
  return json;
}

Config golden_config(const char* precision) {
  Config c;
  const auto& m = run().at("model");
  c.model.layers = m.at("layers");
  c.model.width = m.at("width");
  c.model.heads = m.at("heads");
  c.model.kv_heads = m.at("kv_heads");
  c.model.experts = m.at("experts");
  c.model.expert_width = m.at("expert_width");
  c.model.vocabulary = m.at("vocabulary");
  c.model.context = m.at("context");
  c.model.rope_theta = m.at("rope_theta");
  c.model.norm_eps = m.at("norm_eps");
  c.router.top_k = m.at("top_k");
  const auto& t = run().at("train");
  c.balance.coefficient = t.at("balance_coefficient");
  c.router.z_coefficient = t.at("z_coefficient");
  c.optim.lr = t.at("lr");
  c.optim.schedule = t.at("schedule");
  c.optim.warmup = t.at("warmup");
  c.optim.min_lr_ratio = t.at("min_lr_ratio");
  c.optim.beta1 = t.at("beta1");
  c.optim.beta2 = t.at("beta2");
  c.optim.eps = t.at("eps");
  c.optim.weight_decay = t.at("weight_decay");
  c.optim.clip = t.at("clip");
  c.train.steps = t.at("steps");
  c.train.batch = t.at("batch");
  c.train.precision = precision;
  c.train.threads = 1;
  return c;
}

/// The recorded tokens of each step.
class GoldenDataset final : public data::Dataset {
 public:
  const data::Tokenizer& tokenizer() const override { throw std::logic_error("no tokenizer"); }
  const std::vector<std::string>& domains() const override { return names_; }
  const std::vector<double>& corpus_share() const override { return share_; }
  std::uint64_t train_tokens() const override { return 0; }
  void batch(std::uint64_t, std::uint64_t step, int, int rows, int context, data::Batch& out) const override {
    const auto tokens = numbers<std::int32_t>(run().at("tokens").at(step));
    out = {rows, context, {}, {}, {}};
    for (int row = 0; row < rows; ++row)
      for (int s = 0; s < context; ++s) {
        const auto i = static_cast<std::size_t>(row * (context + 1) + s);
        out.inputs.push_back(tokens[i]);
        out.targets.push_back(tokens[i + 1]);
      }
  }
  std::vector<data::Window> held_out(int, int, int) const override { return {}; }
  double unigram_loss(int) const override { return 0; }
  std::string description() const override { return "golden"; }
  const std::vector<std::string>& notes() const override { return names_; }

 private:
  std::vector<std::string> names_;
  std::vector<double> share_;
};

template <class Tensor>
void store(const Tensor& tensor, const std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (tensor.is_f64)
      static_cast<double*>(tensor.data)[i] = values[i];
    else
      static_cast<float*>(tensor.data)[i] = static_cast<float>(values[i]);
  }
}

double value_at(const train::NamedTensor& tensor, std::size_t i) {
  return tensor.is_f64 ? static_cast<const double*>(tensor.data)[i]
                       : static_cast<double>(static_cast<const float*>(tensor.data)[i]);
}

QString at(const std::string& what, std::size_t i) {
  return QString("%1 [%2]").arg(QString::fromStdString(what)).arg(i);
}

}  // namespace

class TestTrainerGolden : public QObject {
  Q_OBJECT
 private slots:
  void names_and_shapes();
  void gradients_of_the_first_step();
  void logits_and_choices();
  void ten_steps_data();
  void ten_steps();
};

void TestTrainerGolden::names_and_shapes() {
  const GoldenDataset dataset;
  const train::Trainer trainer(golden_config("f64"), dataset, make_test_backend(1));
  auto expected = golden_safetensors("mixtral_tiny/model.safetensors");
  std::int64_t count = 0;
  for (const auto& tensor : trainer.parameters()) {
    const auto found = expected.find(tensor.name);
    QVERIFY2(found != expected.end(), tensor.name.c_str());
    count += static_cast<std::int64_t>(found->second.size());
    expected.erase(found);
  }
  QVERIFY2(expected.empty(), expected.empty() ? "" : expected.begin()->first.c_str());
  QCOMPARE(trainer.parameter_count(), count);
}

void TestTrainerGolden::gradients_of_the_first_step() {
  ModelHarness harness(golden_config("f64"));
  GoldenDataset().batch(0, 0, 0, harness.config.train.batch, harness.config.model.context, harness.batch);
  const auto start = golden_safetensors("mixtral_tiny/model.safetensors");
  const auto expected = golden_safetensors("mixtral_tiny/gradients_step_1.safetensors");
  for (const auto& tensor : harness.model.parameters().exposed())
    std::copy(start.at(tensor.part->name).begin(), start.at(tensor.part->name).end(), tensor.value.as<double>());
  harness.total(/*with_gradient=*/true);
  for (const auto& tensor : harness.model.parameters().exposed()) {
    const auto& want = expected.at(tensor.part->name);
    for (std::size_t i = 0; i < want.size(); ++i)
      QVERIFY2(std::abs(tensor.gradient.as<double>()[i] - want[i]) <= 1e-10 * (1e-2 + std::abs(want[i])),
               qPrintable(at(tensor.part->name, i)));
  }
}

void TestTrainerGolden::logits_and_choices() {
  const GoldenDataset dataset;
  train::Trainer trainer(golden_config("f64"), dataset, make_test_backend(1));
  const auto start = golden_safetensors("mixtral_tiny/model.safetensors");
  for (auto& tensor : trainer.mutable_parameters()) store(tensor, start.at(tensor.name));
  data::Batch batch;
  const int context = trainer.config().model.context, vocabulary = trainer.config().model.vocabulary;
  dataset.batch(0, 0, 0, trainer.config().train.batch, context, batch);
  const auto logits = numbers(run().at("first").at("logits"));
  for (int row = 0; row < batch.rows; ++row) {
    const auto trace = trainer.trace(
        std::span(batch.inputs).subspan(static_cast<std::size_t>(row * context), static_cast<std::size_t>(context)),
        true);
    for (std::size_t i = 0; i < trace.logits.size(); ++i) {
      const double want = logits[static_cast<std::size_t>(row * context * vocabulary) + i];
      QVERIFY2(std::abs(static_cast<double>(trace.logits[i]) - want) < 1e-6, qPrintable(at("logits", i)));
    }
    for (int layer = 0; layer < trace.layers; ++layer) {
      const auto ids = numbers<std::int32_t>(run().at("first").at("ids").at(static_cast<std::size_t>(layer)));
      const auto per_row = static_cast<std::size_t>(context * trace.top_k);
      for (std::size_t i = 0; i < per_row; ++i)
        QCOMPARE(trace.experts_of[static_cast<std::size_t>(layer) * per_row + i],
                 ids[static_cast<std::size_t>(row) * per_row + i]);
    }
  }
}

void TestTrainerGolden::ten_steps_data() {
  QTest::addColumn<QString>("precision");
  QTest::addColumn<double>("tolerance");
  QTest::newRow("float64") << "f64" << 1e-9;
  QTest::newRow("float32") << "f32" << 2e-4;
}

void TestTrainerGolden::ten_steps() {
  QFETCH(QString, precision);
  QFETCH(double, tolerance);
  const GoldenDataset dataset;
  train::Trainer trainer(golden_config(qPrintable(precision)), dataset, make_test_backend(1));
  QCOMPARE(QString::fromStdString(trainer.precision()), precision);
  const auto start = golden_safetensors("mixtral_tiny/model.safetensors");
  for (auto& tensor : trainer.mutable_parameters()) store(tensor, start.at(tensor.name));
  trainer.loaded(0, 0);
  for (std::size_t step = 0; step < run().at("steps").size(); ++step) {
    const auto& want = run().at("steps").at(step);
    const train::StepReport got = trainer.step();
    QVERIFY2(difference(got.loss, want.at("loss")) < tolerance, qPrintable(at("loss", step)));
    QVERIFY2(difference(got.grad_norm, want.at("grad_norm")) < 10 * tolerance, qPrintable(at("grad_norm", step)));
    QVERIFY2(difference(got.lr, want.at("lr")) < 1e-14, qPrintable(at("lr", step)));
    for (std::size_t layer = 0; layer < got.layers.size(); ++layer) {
      QVERIFY2(difference(got.layers[layer].balance_loss, want.at("balance_loss").at(layer)) < tolerance,
               qPrintable(at("balance", step)));
      QVERIFY2(difference(got.layers[layer].z_loss, want.at("z_loss").at(layer)) < tolerance,
               qPrintable(at("z", step)));
      QCOMPARE(got.layers[layer].load, want.at("load").at(layer).get<std::vector<std::int64_t>>());
    }
  }
  const auto end = golden_safetensors("mixtral_tiny/parameters_step_10.safetensors");
  for (const auto& tensor : trainer.parameters())
    for (std::size_t i = 0; i < end.at(tensor.name).size(); ++i)
      QVERIFY2(std::abs(value_at(tensor, i) - end.at(tensor.name)[i]) < 10 * tolerance, qPrintable(at(tensor.name, i)));
}

DEVICE_TEST_MAIN(TestTrainerGolden)
#include "tst_trainer_golden.moc"
