// SPDX-License-Identifier: Apache-2.0
// Help, lists, usage errors.
#include <QtTest>

#include "tests/cli/cli_process.h"

using namespace moe::test;

class TestCliBasics : public QObject {
  Q_OBJECT
 private slots:
  void help_and_version_go_to_stdout_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("-h") << QStringList{"-h"} << QByteArray("Exit codes");
    QTest::newRow("--help") << QStringList{"--help"} << QByteArray("serve");
    QTest::newRow("-V") << QStringList{"-V"} << QByteArray("moe-cli 0.");
    QTest::newRow("--version") << QStringList{"--version"} << QByteArray("moe-cli 0.");
    for (const char* name : {"train", "resume", "eval", "inspect", "logits", "sample", "verify", "bench", "serve",
                             "presets", "knobs", "sheet", "doctor"})
      QTest::newRow(name) << QStringList{name, "--help"} << QByteArray("--help");
  }
  void help_and_version_go_to_stdout() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, expected);
    const Result r = run_cli(arguments);
    QVERIFY2(r.code == 0, r.text());
    QVERIFY2(r.out.contains(expected), r.text());
    QVERIFY2(r.err.isEmpty(), r.text());
  }

  void usage_errors_exit_2_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char* name, const QStringList& arguments, const char* expected) {
      QTest::newRow(name) << arguments << QByteArray(expected);
    };
    row("nothing", {}, "subcommand");
    row("unknown subcommand", {"trian"}, "trian");
    row("unknown option", {"train", "--presett", "x"}, "presett");
    row("unknown preset", {"train", "--preset", "text-huge"}, "text-small");
    row("no run", {"resume"}, "run");
    row("color", {"presets", "--color", "blue"}, "blue");
    row("steps 0", {"train", "--steps", "0"}, "steps");
    row("steps negative", {"train", "--steps", "-5"}, "steps");
    row("device", {"train", "--device", "tpu"}, "tpu");
    row("precision", {"train", "--precision", "f16"}, "f16");
    row("text and file", {"inspect", "r", "--text", "a", "--file", "b"}, "text");
    row("neither text nor file", {"inspect", "r"}, "text");
    row("temperature", {"sample", "r", "--prompt", "a", "--temperature", "-1"}, "temperature");
    row("unknown sheet", {"sheet", "mixtrall"}, "Did you mean mixtral?");
    row("a sheet of two", {"sheet", "mixtral", "--set", "model.layers=2"}, "settings");
    row("a sheet's setting", {"sheet", "--set", "model.layer=2"}, "model.layers");
    row("a sheet's limits", {"sheet", "--set", "router.top_k=9"}, "top-k");
    row("preset and run", {"sheet", "--preset", "text-tiny", "--run", "x"}, "--run");
    row("tokens", {"logits", "r", "--tokens", "1,x"}, "token ids");
  }
  void usage_errors_exit_2() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, expected);
    const Result r = run_cli(arguments);
    QVERIFY2(r.code == 2, r.text());
    QVERIFY2(r.err.contains(expected), r.text());
    QVERIFY2(r.out.isEmpty(), r.text());
  }

  void presets() {
    const auto list = run_cli({"presets", "--json"}).json();
    QStringList names;
    for (const auto& preset : list) {
      names << QString::fromStdString(preset.at("name"));
      QVERIFY(preset.at("settings").is_object() && preset.at("summary").is_string());
    }
    for (const char* name : {"text-tiny", "text-small", "text-base"}) QVERIFY(names.contains(name));
    QVERIFY(run_cli({"presets"}).out.contains("text-tiny"));
  }
  void knobs() {
    const auto list = run_cli({"knobs", "--json"}).json();
    QStringList keys;
    for (const auto& knob : list) {
      keys << QString::fromStdString(knob.at("key"));
      QVERIFY(!knob.at("help").get<std::string>().empty());
    }
    for (const char* key : {"router.policy", "router.top_k", "router.noise", "balance.coefficient",
                            "router.z_coefficient", "optim.lr", "model.experts"})
      QVERIFY2(keys.contains(key), key);
    QVERIFY(run_cli({"knobs"}).out.contains("router.top_k"));
  }
  void sheets() {
    const auto all = run_cli({"sheet", "--json"}).json();
    QStringList names;
    for (const auto& sheet : all) {
      names << QString::fromStdString(sheet.at("name"));
      QVERIFY(sheet.at("parameters").get<std::int64_t>() > sheet.at("active_parameters").get<std::int64_t>());
    }
    for (const char* name : {"switch", "gshard", "glam", "mixtral", "olmoe", "deepseek-v3"})
      QVERIFY2(names.contains(name), name);
    const Result table = run_cli({"sheet"});
    QVERIFY2(table.code == 0 && table.out.contains("46.7 B") && table.out.contains("deepseek-v3"), table.text());
    const Result one = run_cli({"sheet", "mixtral"});
    QVERIFY2(one.code == 0 && one.out.contains("46,702,792,704") && one.out.contains("arXiv:2401.04088"), one.text());
  }
  void own_sheet_is_the_trained_model() {
    const QTemporaryDir folder;
    const QString run = folder.filePath("run");
    const Result trained = run_cli(train_tiny(run, {"--steps", "2", "--at", "1", "router.top_k=1"}));
    QVERIFY2(trained.code == 0, trained.text());
    QStringList settings{"sheet", "--json"};
    const auto asked = run_cli(settings + tiny_model()).json(),
               recorded = run_cli({"sheet", "--json", "--run", run}).json();
    QCOMPARE(asked.at("parameters").get<std::int64_t>(), recorded.at("parameters").get<std::int64_t>());
    QVERIFY2(recorded.at("top_k") == 1, "a run's sheet knows its edits");
    const auto bench = run_cli(QStringList{"bench", "--json", "--seconds", "0.1"} + tiny_model()).json();
    QCOMPARE(asked.at("parameters").get<std::int64_t>(), bench.at("parameters").get<std::int64_t>());
    QCOMPARE(asked.at("active_parameters").get<std::int64_t>(), bench.at("active_parameters").get<std::int64_t>());
    // Far beyond this machine, and still only arithmetic.
    const Result huge = run_cli({"sheet", "--set", "model.experts=4096", "--set", "model.width=65536"});
    QVERIFY2(huge.code == 0 && huge.out.contains(" TB"), huge.text());
    QVERIFY(run_cli({"sheet", "--run", folder.filePath("none")}).code == 3);
  }
  void doctor() {
    const auto found = run_cli({"doctor", "--json"}).json();
    QVERIFY(found.at("devices").at("cpu").at("usable").get<bool>());
    QVERIFY(found.at("devices").at("cpu").at("threads").get<int>() >= 1);
    QVERIFY(found.at("runs").at("writable").is_boolean());
    const Result text = run_cli({"doctor"});
    QVERIFY2(text.code == 0 && text.out.contains("bf16"), text.text());
  }
  void cuda_is_refused_with_a_reason() {
    const auto found = run_cli({"doctor", "--json"}).json();
    if (found.at("devices").at("cuda").at("usable").get<bool>()) QSKIP("this machine has a GPU");
    const QTemporaryDir folder;
    const Result r = run_cli(train_tiny(folder.filePath("run"), {"--device", "cuda", "--steps", "1"}));
    QVERIFY2(r.code == 5 && r.err.contains("CUDA"), r.text());
  }
  void bench() {
    QStringList arguments{"bench", "--json", "--seconds", "0.2"};
    const Result r = run_cli(arguments + tiny_model());
    QVERIFY2(r.code == 0, r.text());
    const auto found = r.json();
    QVERIFY(found.at("tokens_per_second").get<double>() > 0);
    QVERIFY(found.at("gemm").at(0).at("f32_gflops").get<double>() > 0);
    double share = 0;
    for (const auto& op : found.at("ops")) share += op.at("share").get<double>();
    QVERIFY2(std::abs(share - 1) < 1e-6, "shares of a step sum to one");
  }
  void bench_compares_with_dense_layers_data() {
    QTest::addColumn<QStringList>("settings");
    QTest::addColumn<int>("hidden");
    QTest::newRow("two of four") << tiny_model() + QStringList{"--set", "router.top_k=2"} << 2 * 16;
    QTest::newRow("one and two shared") << tiny_model() + QStringList{"--set", "router.policy=switch", "--set",
                                                                      "model.shared_experts=2"}
                                        << 3 * 16;
    QTest::newRow("experts choose") << tiny_model() +
                                           QStringList{"--set", "router.policy=expert_choice", "--precision", "f64"}
                                    << 2 * 16;
    QTest::newRow("hashed") << tiny_model() + QStringList{"--set", "router.policy=hash"} << 2 * 16;
    QTest::newRow("soft, on the plane") << QStringList{"--preset", "plane-moons",     "--set", "router.policy=soft_moe",
                                                       "--set",    "model.experts=3", "--set", "model.expert_width=8"}
                                        << 3 * 8;
  }
  void bench_compares_with_dense_layers() {
    QFETCH(QStringList, settings);
    const Result r = run_cli(QStringList{"bench", "--json", "--seconds", "0.1"} + settings);
    QVERIFY2(r.code == 0, r.text());
    const auto found = r.json().at("dense_ratio");
    const auto number = [&](const char* key) { return found.at(key).get<double>(); };
    QTEST(found.at("dense_hidden").get<int>(), "hidden");
    QVERIFY(number("dense_milliseconds") > 0 && number("repetitions") >= 5 && number("tokens") > 0);
    QVERIFY(std::abs(number("ratio") * number("dense_milliseconds") - number("moe_milliseconds")) < 1e-9);
    QVERIFY(std::abs(number("experts_ratio") * number("dense_milliseconds") - number("experts_milliseconds")) < 1e-9);
    QVERIFY2(number("busiest_expert") >= 1 && number("busiest_expert") < 3, "tokens go to several experts");
  }
  void bench_of_a_dense_model() {
    const Result r = run_cli(QStringList{"bench", "--seconds", "0.1"} + tiny_model() +
                             QStringList{"--set", "model.experts=1", "--set", "router.top_k=1"});
    QVERIFY2(r.code == 0 && r.out.contains("no expert layers"), r.text());
  }
  void stdout_closed() {  // | head: the lists end quietly
    QProcess shell;
    shell.start("/bin/sh", {"-c", program() + " knobs --json >&-; echo code $?"});
    QVERIFY(shell.waitForFinished(20000));
    QVERIFY2(shell.readAllStandardOutput().contains("code 1"), "a closed output is a failure, not a crash");
  }
};

QTEST_GUILESS_MAIN(TestCliBasics)
#include "tst_cli_basics.moc"
