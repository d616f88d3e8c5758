// SPDX-License-Identifier: Apache-2.0
// Disks that are full or read-only, torn and tampered files, a second program, a diverged model, signals.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <QtTest>

#include "tests/cli/cli_process.h"

using namespace moe::test;
using nlohmann::json;

namespace {

/// Flips one bit in the middle of a file.
void tamper(const QString& path) {
  QByteArray bytes = read_file(path);
  QVERIFY(bytes.size() > 10);
  const auto middle = bytes.size() / 2;
  bytes[middle] = static_cast<char>(bytes[middle] ^ 1);
  write_file(path, bytes);
}

void copy_folder(const QString& from, const QString& to) {
  QCOMPARE(QProcess::execute("/bin/cp", {"-r", from, to}), 0);
}

}  // namespace

class TestCliFaults : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString good_ = folder_.filePath("good");

 private slots:
  void initTestCase() {
    const Result r = run_cli(train_tiny(
        good_, {"--steps", "30", "--set", "train.checkpoint_every=10", "--set", "train.keep_checkpoints=3"}));
    QVERIFY2(r.code == 0, r.text());
    QCOMPARE(checkpoints(good_).size(), 3);
  }

  void damage_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("how");
    for (const char* file : {"model.safetensors", "optim.safetensors", "manifest.json"})
      for (const char* how : {"truncate", "tamper", "remove", "empty"})
        QTest::addRow("%s %s", how, file) << QString(file) << QString(how);
  }
  // The newest checkpoint is damaged: verify says which and why, resume goes on from the one before.
  void damage() {
    QFETCH(QString, file);
    QFETCH(QString, how);
    const QString run = folder_.filePath("damaged");
    QDir(run).removeRecursively();
    copy_folder(good_, run);
    const QString path = checkpoint_file(run, "step-00000030", file);
    if (how == "truncate") QVERIFY(QFile::resize(path, QFileInfo(path).size() - 100));
    if (how == "tamper") tamper(path);
    if (how == "remove") QVERIFY(QFile::remove(path));
    if (how == "empty") QVERIFY(QFile::resize(path, 0));
    const Result verified = run_cli({"verify", run, "--json"});
    QVERIFY2(verified.code == 1, verified.text());
    const json newest = verified.json().at("checkpoints").back();
    QVERIFY(!newest.at("valid").get<bool>() && !newest.at("problem").get<std::string>().empty());
    const Result resumed = run_cli({"resume", run, "--steps", "31", "--json"});
    QVERIFY2(resumed.code == 0, resumed.text());
    QCOMPARE(resumed.lines().front().at("step").get<int>(), 21);
  }
  void nothing_loadable() {
    const QString run = folder_.filePath("all-damaged");
    copy_folder(good_, run);
    for (const QString& checkpoint : checkpoints(run)) tamper(checkpoint_file(run, checkpoint, "model.safetensors"));
    QCOMPARE(run_cli({"verify", run}).code, 3);
    const QByteArray before = read_file(run + "/metrics.sqlite");
    for (const QStringList& command : {QStringList{"resume", run}, {"eval", run}, {"sample", run, "--prompt", "a"}}) {
      const Result r = run_cli(command);
      QVERIFY2(r.code == 3 && r.err.contains("verify"), r.text());
    }
    QCOMPARE(read_file(run + "/metrics.sqlite"), before);
  }
  void a_torn_store_is_told() {
    const QString run = folder_.filePath("torn-store");
    copy_folder(good_, run);
    write_file(run + "/metrics.sqlite", "not a database at all, just some text that is long enough");
    for (const char* extra : {"-wal", "-shm"}) QFile::remove(run + "/metrics.sqlite" + extra);
    QCOMPARE(run_cli({"verify", run}).code, 1);
    const Result r = run_cli({"resume", run});
    QVERIFY2(r.code == 3 && r.err.contains("metrics.sqlite"), r.text());
    QCOMPARE(checkpoints(run).size(), 3);
  }

  void a_second_program_is_refused() {
    const QString run = folder_.filePath("locked");
    QProcess first;
    first.start(program(), train_tiny(run, {"--steps", "1000000", "--json"}));
    QVERIFY(first.waitForStarted());
    QVERIFY(first.waitForReadyRead(60000));
    const Result second = run_cli({"resume", run, "--steps", "2000000"});
    QVERIFY2(second.code == 7, second.text());
    QVERIFY2(second.err.contains(QByteArray::number(first.processId())), second.text());
    first.terminate();
    while (first.state() != QProcess::NotRunning) first.waitForReadyRead(1000);
    QCOMPARE(first.exitCode(), 128 + SIGTERM);
    QVERIFY(!checkpoints(run).isEmpty());
  }

  void signals_save_first_data() {
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGINT") << SIGINT;
    QTest::newRow("SIGTERM") << SIGTERM;
  }
  void signals_save_first() {
    QFETCH(int, signal);
    const QString run = folder_.filePath("signal-" + QString::number(signal));
    QProcess process;
    process.start(program(), train_tiny(run, {"--steps", "1000000", "--json", "--set", "train.checkpoint_every=0"}));
    QByteArray out;
    while (out.count('\n') < 20) {
      QVERIFY(process.waitForReadyRead(60000));
      out += process.readAllStandardOutput();
    }
    ::kill(static_cast<pid_t>(process.processId()), signal);
    while (process.state() != QProcess::NotRunning && process.waitForReadyRead(20000))
      out += process.readAllStandardOutput();
    process.waitForFinished();
    out += process.readAllStandardOutput();
    QCOMPARE(process.exitStatus(), QProcess::NormalExit);
    QCOMPARE(process.exitCode(), 128 + signal);
    const json last = json::parse(out.left(out.size() - 1).split('\n').last().toStdString());
    const QStringList saved = checkpoints(run);
    QVERIFY(!saved.isEmpty());
    QCOMPARE(saved.last().mid(5).toLongLong(), last.at("step").get<qint64>());
  }

  void a_closed_output_saves() {
    const QString run = folder_.filePath("head");
    QProcess shell;
    shell.start("/bin/sh", QStringList{"-c", "\"$@\" | head -3 >/dev/null", "sh", program()} +
                               train_tiny(run, {"--steps", "100000", "--json"}));
    QVERIFY2(shell.waitForFinished(60000), "the program ends when nobody reads");
    QVERIFY(!checkpoints(run).isEmpty());
  }

  // A file-size limit stands for a full disk: writes fail with EFBIG, with SIGXFSZ ignored.
  void a_full_disk_loses_nothing_saved() {
    const QString run = folder_.filePath("full");
    copy_folder(good_, run);
    const qint64 model = QFileInfo(checkpoint_file(run, "step-00000030", "model.safetensors")).size();
    const QString blocks = QString::number(model / 2 / 1024);
    QProcess shell;
    shell.start("/bin/bash",
                {"-c", "ulimit -f " + blocks + "; exec \"$@\"", "bash", program(), "resume", run, "--steps", "60"});
    QVERIFY(shell.waitForFinished(60000));
    const QByteArray said = shell.readAllStandardError();
    QCOMPARE(shell.exitStatus(), QProcess::NormalExit);
    QVERIFY2(shell.exitCode() == 4, said);
    QVERIFY2(said.contains("checkpoints") || said.contains("metrics"), said);
    for (const auto& checkpoint : run_cli({"verify", run, "--json"}).json().at("checkpoints"))
      QVERIFY(checkpoint.at("valid").get<bool>());
    const Result r = run_cli({"resume", run, "--steps", "60"});
    QVERIFY2(r.code == 0, r.text());
  }
  void a_read_only_place_is_refused() {
    if (::geteuid() == 0) {
      const Result r = run_cli(train_tiny("/proc/moe-run", {"--steps", "1"}));  // root may write everywhere else
      QVERIFY2(r.code == 4 && r.err.contains("/proc/moe-run"), r.text());
      return;
    }
    const QString place = folder_.filePath("read-only");
    QDir().mkpath(place);
    QFile::setPermissions(place, QFile::ReadOwner | QFile::ExeOwner);
    const Result r = run_cli(train_tiny(place + "/run", {"--steps", "1"}));
    QFile::setPermissions(place, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
    QVERIFY2(r.code == 4 && r.err.contains("read-only"), r.text());
  }

  void divergence_stops_and_names_the_safe_step() {
    // It takes 10 to 16 steps, by how the compiler rounds: none of the checkpoints is from among them.
    const QString run = folder_.filePath("diverged");
    const Result r =
        run_cli(train_tiny(run, {"--steps", "2000", "--json", "--set", "train.checkpoint_every=30", "--set",
                                 "optim.schedule=constant", "--set", "optim.warmup=0", "--set", "optim.clip=0", "--set",
                                 "optim.weight_decay=10", "--at", "31", "optim.lr=1"}));
    if (r.code == 0) QSKIP("this model survives the largest legal learning rate");
    QVERIFY2(r.code == 6, r.text());
    QVERIFY2(r.err.contains("diverged"), r.text());
    for (const json& line : r.lines())
      QVERIFY2(line.at("loss").is_number(), "no step without a finite loss is reported");
    const json verified = run_cli({"verify", run, "--json"}).json();
    QVERIFY(verified.at("loadable").get<bool>());
    for (const auto& checkpoint : verified.at("checkpoints")) QVERIFY(checkpoint.at("valid").get<bool>());
    const Result back = run_cli({"resume", run, "--forget-edits", "--set", "optim.lr=0.001", "--steps",
                                 QString::number(verified.at("checkpoints").back().at("step").get<int>() + 5)});
    QVERIFY2(back.code == 0, back.text());
  }
};

QTEST_GUILESS_MAIN(TestCliFaults)
#include "tst_cli_faults.moc"
