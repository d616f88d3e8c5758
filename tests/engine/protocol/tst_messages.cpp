// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <cmath>
#include <functional>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"

using namespace moe;
using namespace moe::protocol;
using nlohmann::json;

namespace {

StepReport sample_step() {
  StepReport r;
  r.step = 12345678901;
  r.loss = 3.0000000000000004;
  r.grad_norm = 0.25;
  r.lr = 1e-3;
  r.tokens_per_second = 81234.5;
  r.seconds = 12.5;
  r.tokens = 99;
  r.top_k = 2;
  for (int layer : {0, 2}) {
    train::LayerReport l;
    l.layer = layer;
    l.load = {7, 0, 9};
    l.mass = {3.25, 0, 4.75};
    l.balance_loss = 1.0 + layer;
    l.entropy = 0.5;
    l.token_entropy = 0.75;
    l.load_cv = 0.1;
    l.max_violation = 0.2;
    l.dead = 1;
    r.layers.push_back(l);  // z_loss stays absent
  }
  return r;
}

Trace sample_trace() {
  Trace t;
  t.title = "prose \u2212 \u00e9";
  t.domain = 1;
  t.document = 18446744073709551615u;
  t.layers = 2;
  t.experts = 3;
  t.top_k = 2;
  t.pieces = {"a", " b"};
  t.ids = {5, 6};
  t.token_loss = {1.5, train::kAbsent};
  t.experts_of = {0, 1, 2, -1, 1, 0, 2, 0};
  t.weights = {0.1f, 0.9f, 1.0f, 0.0f, 0.3333333f, 0.6666667f, 0.5f, 0.5f};
  t.probabilities.assign(12, 0.3333333f);
  t.predicted = {"x", "y", "z", "u", "v", "w"};
  t.predicted_share = {0.5f, 0.25f, 0.125f, 0.5f, 0.25f, 0.125f};
  return t;
}

ProbeReport sample_probe() {
  ProbeReport p;
  p.step = 50;
  p.domains = {"prose", "code"};
  p.layers = 1;
  p.experts = 2;
  p.tokens = 10;
  p.counts = {1, 2, 3, 4};
  p.information = {0.5};
  p.baseline = {0.01};
  p.shuffles = 20;
  p.seen = {3, 7};
  p.top_tokens = {{{"the", 3}, {",", 1}}, {}};
  p.fellows = {{{1, 1.5}}, {{0, train::kAbsent}}};
  p.strips = {sample_trace()};
  return p;
}

// Through text, as the other program sees it.
json wire(const nlohmann::ordered_json& message) { return parse_line(message.dump()); }

ErrorKind kind_of(const std::function<void()>& act, std::string* message = nullptr) {
  try {
    act();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.kind();
  }
  return ErrorKind::failure;
}

}  // namespace

class TestMessages : public QObject {
  Q_OBJECT
 private slots:
  void step_survives_the_wire() {
    const StepReport before = sample_step();
    const StepReport after = step_from_json(wire(to_json(before)));
    QCOMPARE(after.step, before.step);
    QCOMPARE(after.loss, before.loss);  // every bit
    QCOMPARE(after.layers.size(), std::size_t{2});
    QCOMPARE(after.layers[1].layer, 2);
    QVERIFY(after.layers[1].load == before.layers[1].load);
    QVERIFY(after.layers[1].mass == before.layers[1].mass);
    QCOMPARE(after.layers[1].balance_loss, 3.0);
    QVERIFY(std::isnan(after.layers[1].z_loss));
    QCOMPARE(to_json(after).dump(), to_json(before).dump());
  }
  void absent_numbers_are_null() {
    const json message = wire(to_json(StepReport{}));
    QVERIFY(message.at("loss").is_null());
    QVERIFY(std::isnan(step_from_json(message).loss));
    QVERIFY(std::isnan(step_from_json(json::object()).grad_norm));
    StepReport infinite;
    infinite.loss = HUGE_VAL;
    QVERIFY(to_json(infinite).at("loss").is_null());
  }
  void eval_edit_error_survive_the_wire() {
    const EvalReport eval{7, 2.5, {2.0, train::kAbsent}, 512};
    QCOMPARE(to_json(eval_from_json(wire(to_json(eval)))).dump(), to_json(eval).dump());
    const EditEvent edit{3, "router.top_k", "1", "2"};
    QCOMPARE(to_json(edit_from_json(wire(to_json(edit)))).dump(), to_json(edit).dump());
    const ErrorInfo error{"locked", "m", "w", "/r", "l", "a", 800};
    QCOMPARE(to_json(error_from_json(wire(to_json(error)))).dump(), to_json(error).dump());
  }
  void run_info_survives_the_wire() {
    RunInfo run;
    run.path = "/runs/a b";
    run.seed = 18446744073709551615u;
    run.moe_layers = {0, 1};
    run.domains = {"prose", "code"};
    run.corpus_share = {0.25, 0.75};
    run.unigram_loss = {5.5, train::kAbsent};
    run.config = {{"router.top_k", 2}, {"optim.lr", 0.001}};
    run.checkpoints = {200, 400};
    run.read_only = true;
    const RunInfo after = run_info_from_json(wire(to_json(run)));
    QCOMPARE(after.seed, run.seed);
    QVERIFY(after.read_only);
    QCOMPARE(after.config.at("router.top_k").get<int>(), 2);
    QVERIFY(after.checkpoints == run.checkpoints);
    QVERIFY(std::isnan(after.unigram_loss[1]));
  }
  void trace_and_probe_survive_the_wire() {
    const ProbeReport before = sample_probe();
    const ProbeReport after = probe_from_json(wire(to_json(before)));
    QCOMPARE(to_json(after).dump(), to_json(before).dump());
    QVERIFY(after.strips[0].weights == before.strips[0].weights);  // float bits through shortest decimals
    QVERIFY(std::isnan(after.strips[0].token_loss[1]));
    QCOMPARE(after.strips[0].document, before.strips[0].document);
    QCOMPARE(after.top_tokens[0][1].piece, std::string(","));
    QVERIFY(to_json(before).dump().find("0.1,0.9") != std::string::npos);
  }
  void wrong_fields_are_named_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("type");
    QTest::addColumn<QString>("where");
    const auto row = [](const char* name, const char* text, const char* type, const char* where) {
      QTest::newRow(name) << QString(text) << QString(type) << QString(where);
    };
    row("not an object", "[1]", "step", "step");
    row("string for number", R"({"loss":"low"})", "step", "step.loss");
    row("fraction for step", R"({"step":1.5})", "step", "step.step");
    row("step out of range", R"({"step":1e300})", "step", "step.step");
    row("top_k out of range", R"({"top_k":4294967296})", "step", "step.top_k");
    row("load of strings", R"({"layer":[0],"load":[["a"]]})", "step", "step.load[0][0]");
    row("column too short", R"({"layer":[0,1],"load_cv":[0.5]})", "step", "step.load_cv");
    row("column too long", R"({"layer":[],"dead":[1]})", "step", "step.dead");
    row("domain_loss", R"({"domain_loss":3})", "eval", "eval.domain_loss");
    row("bool for text", R"({"key":true})", "edit", "edit.key");
    row("config", R"({"config":[]})", "run", "run.config");
    row("negative layers", R"({"layers":-1})", "trace", "trace.layers");
    row("expert out of range", R"({"layers":1,"experts":2,"top_k":1,"pieces":["a"],"experts_of":[2],"weights":[1]})",
        "trace", "trace.experts_of");
    row("weights missing", R"({"layers":1,"experts":2,"top_k":1,"pieces":["a"],"experts_of":[1]})", "trace",
        "trace.weights");
    row("counts", R"({"layers":1,"experts":2,"domains":["a"],"counts":[1]})", "probe", "probe.counts");
    row("fellow", R"({"layers":1,"experts":1,"fellows":[[{"expert":"x"}]]})", "probe", "probe.fellows[0][0].expert");
  }
  void wrong_fields_are_named() {
    QFETCH(QString, text);
    QFETCH(QString, type);
    QFETCH(QString, where);
    const json message = parse_line(text.toStdString());
    std::string said;
    const auto kind = kind_of(
        [&] {
          if (type == "step") step_from_json(message);
          if (type == "eval") eval_from_json(message);
          if (type == "edit") edit_from_json(message);
          if (type == "run") run_info_from_json(message);
          if (type == "trace") trace_from_json(message);
          if (type == "probe") probe_from_json(message);
        },
        &said);
    QCOMPARE(kind, ErrorKind::bad_input);
    QVERIFY2(said.find(where.toStdString()) != std::string::npos, said.c_str());
  }
};

QTEST_GUILESS_MAIN(TestMessages)
#include "tst_messages.moc"
