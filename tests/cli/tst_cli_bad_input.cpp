// SPDX-License-Identifier: Apache-2.0
// What a user can get wrong: each case has a message with what, where and one action, and a documented exit code.
#include <QtTest>

#include "tests/cli/cli_process.h"

using namespace moe::test;

class TestCliBadInput : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;

  // Nothing of a run that could not start is left behind.
  void check_refused(const Result& r, int code, const QByteArray& said, const QString& run) {
    QVERIFY2(r.code == code, r.text());
    QVERIFY2(r.err.contains(said), r.text());
    QVERIFY2(r.out.isEmpty(), r.text());
    QVERIFY2(!QFile::exists(run), "a refused run leaves no folder");
  }

 private slots:
  void data_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("said");
    QTest::newRow("empty") << QByteArray() << QByteArray("corpus.txt");
    QTest::newRow("one byte") << QByteArray("x") << QByteArray("corpus.txt");
    QTest::newRow("shorter than the context") << QByteArray("too short") << QByteArray("corpus.txt");
    QTest::newRow("binary") << QByteArray(
                                   "\x7f"
                                   "ELF\0\0\0\0",
                                   8)
                                   .repeated(1000)
                            << QByteArray("corpus.txt");
    QTest::newRow("NUL bytes") << QByteArray(100000, '\0') << QByteArray("corpus.txt");
  }
  void data() {
    QFETCH(QByteArray, bytes);
    QFETCH(QByteArray, said);
    const QString file = folder_.filePath("corpus.txt"), run = folder_.filePath("data-run");
    write_file(file, bytes);
    check_refused(run_cli(train_tiny(run, {"--data", file, "--steps", "2"})), 3, said, run);
  }
  void data_missing() {
    const QString run = folder_.filePath("missing-run");
    check_refused(run_cli(train_tiny(run, {"--data", folder_.filePath("nowhere"), "--steps", "2"})), 3, "nowhere", run);
  }
  void data_empty_folder() {
    const QString run = folder_.filePath("empty-run");
    QDir().mkpath(folder_.filePath("empty"));
    check_refused(run_cli(train_tiny(run, {"--data", folder_.filePath("empty"), "--steps", "2"})), 3, "empty", run);
  }
  void data_in_latin_1_trains() {
    const QString file = folder_.filePath("latin1.txt");
    QByteArray text;
    for (int i = 0; i < 3000; ++i) text += "Caf\xe9 num\xe9ro " + QByteArray::number(i) + " \xe0 c\xf4t\xe9.\n\n";
    write_file(file, text);
    const Result r = run_cli(train_tiny(folder_.filePath("latin1-run"), {"--data", file, "--steps", "2"}));
    QVERIFY2(r.code == 0, r.text());
    QVERIFY2(r.err.contains("note:"), "the conversion is told");
  }

  void settings_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QByteArray>("said");
    const auto row = [](const char* name, const QStringList& arguments, const char* said) {
      QTest::newRow(name) << arguments << QByteArray(said);
    };
    row("unknown key", {"--set", "router.topk=2"}, "router.top_k");
    row("no value", {"--set", "router.top_k"}, "key=value");
    row("k > E", {"--set", "router.top_k=5"}, "router.top_k");
    row("k = 0", {"--set", "router.top_k=0"}, "router.top_k");
    row("k = 1.5", {"--set", "router.top_k=1.5"}, "router.top_k");
    row("lr NaN", {"--set", "optim.lr=nan"}, "optim.lr");
    row("lr negative", {"--set", "optim.lr=-1"}, "optim.lr");
    row("lr infinite", {"--set", "optim.lr=inf"}, "optim.lr");
    row("lr 1e999", {"--set", "optim.lr=1e999"}, "optim.lr");
    row("lr with a comma", {"--set", "optim.lr=0,1"}, "optim.lr");
    row("balance negative", {"--set", "balance.coefficient=-0.1"}, "balance.coefficient");
    row("experts absurd", {"--set", "model.experts=1000000000"}, "model.experts");
    row("heads do not divide", {"--set", "model.heads=3"}, "heads");
    row("batch 0", {"--set", "train.batch=0"}, "train.batch");
    row("policy", {"--set", "router.policy=magic"}, "router.policy");
    row("at: k > E", {"--at", "3", "router.top_k=5"}, "router.top_k");
    row("at: NaN", {"--at", "3", "optim.lr=nan"}, "optim.lr");
    row("at: unknown", {"--at", "3", "optim.lrr=1"}, "optim.lr");
    row("at: not live", {"--at", "3", "model.experts=8"}, "model.experts");
    row("at: sees the future", {"--at", "3", "router.policy=soft_moe"}, "router.policy");
    row("at: negative step", {"--at", "-3", "router.top_k=1"}, "--at");
    row("at: no step", {"--at", "x", "router.top_k=1"}, "--at");
    row("at: no value", {"--at", "3", "router.top_k"}, "key=value");
  }
  void settings() {
    QFETCH(QStringList, arguments);
    QFETCH(QByteArray, said);
    const QString run = folder_.filePath("settings-run");
    check_refused(run_cli(train_tiny(run, QStringList{"--steps", "5"} + arguments)), 2, said, run);
  }
  void memory_is_checked_before_it_is_taken() {
    const QString run = folder_.filePath("huge-run");
    const Result r = run_cli(
        train_tiny(run, {"--steps", "1", "--set", "model.experts=4096", "--set", "model.expert_width=262144", "--set",
                         "model.width=65536", "--set", "model.heads=1024", "--set", "model.kv_heads=1024"}));
    QVERIFY2(r.code == 4 || r.code == 2, r.text());
    QVERIFY(!QFile::exists(run));
  }

  void folders_data() {
    QTest::addColumn<QString>("command");
    for (const char* command : {"resume", "eval", "verify"}) QTest::newRow(command) << QString(command);
  }
  void folders() {
    QFETCH(QString, command);
    write_file(folder_.filePath("other/notes.txt"), "not a run");
    for (const QString& path :
         {folder_.filePath("nothing-here"), folder_.filePath("other"), folder_.filePath("other/notes.txt")}) {
      const Result r = run_cli({command, path});
      QVERIFY2(r.code == 3, r.text());
      QVERIFY2(r.err.contains(path.toUtf8()), r.text());
    }
    const Result occupied = run_cli(train_tiny(folder_.filePath("other"), {"--steps", "1"}));
    QVERIFY2(occupied.code == 2, occupied.text());
    QCOMPARE(read_file(folder_.filePath("other/notes.txt")), QByteArray("not a run"));
  }

  void inspect_of_bad_files() {
    const QString run = folder_.filePath("good");
    QVERIFY(run_cli(train_tiny(run, {"--steps", "2"})).code == 0);
    write_file(folder_.filePath("empty.txt"), "");
    for (const QString& file : {folder_.filePath("empty.txt"), folder_.filePath("absent.txt")}) {
      const Result r = run_cli({"inspect", run, "--file", file});
      QVERIFY2(r.code == 3, r.text());
      QVERIFY2(r.err.contains(file.toUtf8()), r.text());
    }
    const Result empty = run_cli({"inspect", run, "--text", ""});
    QVERIFY2(empty.code == 2, empty.text());
  }

  void a_comma_locale_changes_nothing() {
    const Result r = run_cli(train_tiny(folder_.filePath("comma"), {"--steps", "1", "--json", "--set",
                                                                    "optim.lr=0.5e-3", "--set", "optim.warmup=0"}),
                             {"LC_ALL=de_DE.UTF-8", "LANG=de_DE.UTF-8"});
    QVERIFY2(r.code == 0, r.text());
    QCOMPARE(r.lines().front().at("lr").get<double>(), 0.5e-3);
  }
};

QTEST_GUILESS_MAIN(TestCliBadInput)
#include "tst_cli_bad_input.moc"
