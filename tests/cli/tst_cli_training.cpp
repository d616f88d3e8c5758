// SPDX-License-Identifier: Apache-2.0
// The good way through: train, resume, and look at what came out.
#include <QtTest>
#include <cmath>

#include "tests/cli/cli_process.h"

using namespace moe::test;
using nlohmann::json;

class TestCliTraining : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString run_ = folder_.filePath("run");

 private slots:
  void initTestCase() {
    const Result r = run_cli(train_tiny(run_, {"--steps", "40", "--set", "train.checkpoint_every=20"}));
    QVERIFY2(r.code == 0, r.text());
    QVERIFY2(r.out.contains("held-out loss") && r.out.contains(run_.toUtf8()), r.text());
    QVERIFY2(r.err.contains("step"), "a line of progress without a terminal");
    QVERIFY2(!r.err.contains('\r') && !r.err.contains("\033["), "no bar and no colours without a terminal");
  }

  // The generated text has some 6,000 pieces; the model may put its weight on the ids beyond them.
  void vocabulary_larger_than_the_text() {
    const QString run = folder_.filePath("large");
    const Result r =
        run_cli(train_tiny(run, {"--steps", "2", "--set", "model.vocabulary=8192", "--set", "train.probe_every=1"}));
    QVERIFY2(r.code == 0, r.text());
    const Result sampled = run_cli({"sample", run, "--prompt", "the", "--tokens", "30", "--temperature", "5"});
    QVERIFY2(sampled.code == 0 && !sampled.out.isEmpty(), sampled.text());
  }

  void train_json_has_every_field() {
    const Result r = run_cli(
        train_tiny(folder_.filePath("json"), {"--steps", "12", "--json", "--set", "router.z_coefficient=0.001"}));
    QVERIFY2(r.code == 0, r.text());
    const auto lines = r.lines();
    QCOMPARE(lines.size(), std::size_t{12});
    std::int64_t step = 0;
    for (const json& line : lines) {
      QCOMPARE(line.at("step").get<std::int64_t>(), ++step);
      for (const char* key : {"loss", "grad_norm", "lr", "tokens_per_second"})
        QVERIFY2(line.at(key).get<double>() > 0, key);
      for (const char* key : {"balance_loss", "z_loss", "dead", "load", "load_cv", "entropy"})
        QCOMPARE(line.at(key).size(), std::size_t{2});
      QVERIFY(line.at("balance_loss")[0].get<double>() > 0.99);  // 1 = balanced is its minimum, up to rounding
      for (const json& layer : line.at("load")) {
        QCOMPARE(layer.size(), std::size_t{4});
        std::int64_t sum = 0;
        for (const json& load : layer) sum += load.get<std::int64_t>();
        QCOMPARE(sum, std::int64_t{2 * 16 * 2});  // rows, context, top-k
      }
    }
    QVERIFY(r.err.contains("run: "));
  }

  void the_default_folder_is_printed() {
    const Result r =
        run_cli(QStringList{"train", "--steps", "3"} + tiny_model(), {"XDG_DATA_HOME=" + folder_.filePath("data")});
    QVERIFY2(r.code == 0, r.text());
    const QString path = QString::fromUtf8(r.out).section("run: ", 1).trimmed();
    QVERIFY2(path.startsWith(folder_.filePath("data/moe-studio/runs/text-tiny-")), r.text());
    QVERIFY(QFile::exists(path + "/run.json"));
  }

  void the_run_folder_is_complete() {
    for (const char* name : {"run.json", "metrics.sqlite", "tokenizer.model"})
      QVERIFY2(QFile::exists(run_ + '/' + name), name);
    QVERIFY(checkpoints(run_).contains("step-00000040"));
    for (const char* name : {"manifest.json", "model.safetensors", "config.json", "tokenizer.model"})
      QVERIFY2(QFile::exists(checkpoint_file(run_, "step-00000040", name)), name);
    const json record = json::parse(read_file(run_ + "/run.json").toStdString());
    QCOMPARE(record.at("config").at("model.experts").get<int>(), 4);
    QVERIFY(record.at("config").at("train.precision") != "auto");
    QVERIFY(record.contains("created") && record.contains("machine") && record.contains("seed"));
  }

  void eval() {
    const Result r = run_cli({"eval", run_, "--json"});
    QVERIFY2(r.code == 0, r.text());
    const json found = r.json();
    const double loss = found.at("loss");
    QVERIFY(std::abs(found.at("perplexity").get<double>() - std::exp(loss)) < 1e-9 * std::exp(loss));
    QVERIFY(found.at("domains").size() >= 8);
    for (const json& domain : found.at("domains")) QVERIFY(domain.at("loss").get<double>() > 0);
    QVERIFY(run_cli({"eval", run_}).out.contains("perplexity"));
  }
  void eval_of_other_text() {
    write_file(folder_.filePath("corpus/a/one.txt"), QByteArray("The cat sat on the mat. ").repeated(50));
    write_file(folder_.filePath("corpus/b/two.txt"), QByteArray("0123456789 ").repeated(50));
    const Result r = run_cli({"eval", run_, "--data", folder_.filePath("corpus"), "--json", "--windows", "4"});
    QVERIFY2(r.code == 0, r.text());
    const json found = r.json();
    QCOMPARE(found.at("domains").size(), std::size_t{2});
    QCOMPARE(found.at("domains")[0].at("name").get<std::string>(), std::string("a"));
    QCOMPARE(found.at("domains")[0].at("tokens").get<int>(), 4 * 15);  // the last position has no next token
  }
  void inspect() {
    const Result r =
        run_cli({"inspect", run_, "--text", "Hello, world. 2 + 2 = 4, and that is longer than one context.", "--json"});
    QVERIFY2(r.code == 0, r.text());
    const json trace = r.json();
    const std::size_t tokens = trace.at("pieces").size();
    QVERIFY(tokens > 16);
    QCOMPARE(trace.at("experts_of").size(), tokens * 2 * 2);
    for (std::size_t i = 0; i < tokens * 2; ++i) {
      const double sum = trace.at("weights")[2 * i].get<double>() + trace.at("weights")[2 * i + 1].get<double>();
      QVERIFY(std::abs(sum - 1) < 1e-5);
    }
    write_file(folder_.filePath("text.txt"), "Hello");
    // People count from 1, JSON from 0: the first token's best expert in the second layer, said both ways.
    const QStringList hello{"inspect", run_, "--file", folder_.filePath("text.txt")};
    const json small = run_cli(hello + QStringList{"--json"}).json();
    const std::size_t second_layer = small.at("pieces").size() * 2;
    const QString said = QString("L2·E%1 ").arg(small.at("experts_of")[second_layer].get<int>() + 1);
    const QString text = run_cli(hello).out;
    QVERIFY2(text.section('\n', 1, 1).contains(said), qPrintable(text));
    QVERIFY(!text.contains("L0") && !text.contains("E0"));
    QVERIFY(run_cli({"inspect", "--help"}).out.contains("--json counts from 0"));
  }
  void logits() {
    const Result r = run_cli({"logits", run_, "--tokens", "5,6,7", "--json"});
    QVERIFY2(r.code == 0, r.text());
    const json found = r.json();
    QCOMPARE(found.at("logits").size(), std::size_t{3});
    QCOMPARE(found.at("logits")[0].size(), std::size_t{320});
    // Attention is causal: a shorter text gives the same first rows.
    const json shorter = run_cli({"logits", run_, "--tokens", "5,6", "--json"}).json();
    for (std::size_t v = 0; v < 320; ++v)
      QVERIFY(std::abs(found.at("logits")[1][v].get<double>() - shorter.at("logits")[1][v].get<double>()) < 1e-4);
    QCOMPARE(run_cli({"logits", run_, "--tokens", "320"}).code, 2);
    QCOMPARE(run_cli({"logits", run_, "--tokens", QString("1,").repeated(16) + "1"}).code,
             2);  // longer than the context
  }
  void sample() {
    const QStringList arguments{"sample", run_, "--prompt", "The ", "--tokens", "20", "--json", "--experts"};
    const json found = run_cli(arguments).json();
    QCOMPARE(found.at("ids").size(), std::size_t{20});
    QCOMPARE(found.at("experts").size(), std::size_t{20});
    QCOMPARE(found.at("experts")[0].size(), std::size_t{2});
    QCOMPARE(run_cli(arguments).json().at("ids"), found.at("ids"));
    QVERIFY(run_cli(arguments + QStringList{"--seed", "2"}).json().at("ids") != found.at("ids"));
    const QString text = run_cli({"sample", run_, "--prompt", "The ", "--tokens", "5", "--experts"}).out;
    QVERIFY(text.startsWith("The "));
    QVERIFY2(text.contains("L1·E") && text.contains("L2·E") && !text.contains("E0"), qPrintable(text));
  }
  void verify() {
    const Result r = run_cli({"verify", run_, "--json"});
    QVERIFY2(r.code == 0, r.text());
    QVERIFY(r.json().at("loadable").get<bool>());
    QVERIFY(r.json().at("store").at("valid").get<bool>());
    QVERIFY(run_cli({"verify", run_}).out.contains("valid"));
  }
  void resume_goes_on() {
    const Result r = run_cli({"resume", run_, "--steps", "50", "--json", "--set", "router.top_k=1"});
    QVERIFY2(r.code == 0, r.text());
    const auto lines = r.lines();
    QCOMPARE(lines.front().at("step").get<int>(), 41);
    QCOMPARE(lines.back().at("step").get<int>(), 50);
    QCOMPARE(lines.back().at("top_k").get<int>(), 1);
    const Result again = run_cli({"resume", run_, "--steps", "50"});
    QVERIFY2(again.code == 2 && again.err.contains("already"), again.text());
  }
  void at_acts_after_its_step() {
    const Result r = run_cli(train_tiny(folder_.filePath("at"), {"--steps", "10", "--json", "--at", "4",
                                                                 "router.top_k=3", "--at", "7", "router.top_k=1"}));
    QVERIFY2(r.code == 0, r.text());
    std::vector<int> k;
    for (const json& line : r.lines()) k.push_back(line.at("top_k"));
    QCOMPARE(k, (std::vector<int>{2, 2, 2, 2, 3, 3, 3, 1, 1, 1}));
  }
};

QTEST_GUILESS_MAIN(TestCliTraining)
#include "tst_cli_training.moc"
