// SPDX-License-Identifier: Apache-2.0
// A run is a pure function of its settings, seed and edits: threads, kills and resumes change no bit.
#include <QtTest>

#include "tests/cli/cli_process.h"
#include "tests/cli/metrics_rows.h"

using namespace moe::test;

namespace {

const QStringList kEdits{"--at", "30",  "router.top_k=1",        "--at", "60",  "router.noise=0.3",
                         "--at", "90",  "balance.coefficient=0", "--at", "120", "router.top_k=3",
                         "--at", "160", "optim.lr=0.0005"};
const QStringList kEvery{"--set", "train.checkpoint_every=25", "--set", "train.eval_every=50"};

/// Starts a command with --json and kills the process with SIGKILL once `step` has been printed.
void run_and_kill_at(const QStringList& arguments, int step) {
  QProcess process;
  process.start(program(), arguments + QStringList{"--json"});
  QByteArray out;
  const QByteArray wanted = "{\"step\":" + QByteArray::number(step) + ',';
  while (!out.contains(wanted)) {
    if (!process.waitForReadyRead(60000))
      qFatal("ended before step %d: %s", step, process.readAllStandardError().constData());
    out += process.readAllStandardOutput();
  }
  process.kill();
  process.waitForFinished();
  QVERIFY(process.exitStatus() == QProcess::CrashExit);
}

QByteArray final_model(const QString& run) {
  return read_file(checkpoint_file(run, "step-00000200", "model.safetensors"));
}
QByteArray final_optimizer(const QString& run) {
  return read_file(checkpoint_file(run, "step-00000200", "optim.safetensors"));
}

}  // namespace

class TestCliResume : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString straight_ = folder_.filePath("straight");

 private slots:
  void initTestCase() {
    const Result r = run_cli(train_tiny(straight_, QStringList{"--steps", "200", "--threads", "1"} + kEdits + kEvery));
    QVERIFY2(r.code == 0, r.text());
    QVERIFY(final_model(straight_).size() > 10000);
    QVERIFY(metrics_rows(straight_).size() >= 200 + 5 + 4);
  }

  void the_seed_matters() {
    const QString other = folder_.filePath("seed");
    QCOMPARE(run_cli(train_tiny(other, QStringList{"--steps", "200", "--seed", "2"} + kEdits + kEvery)).code, 0);
    QVERIFY(final_model(other) != final_model(straight_));
  }
  void two_threads_same_bits() {
    const QString run = folder_.filePath("threads");
    QCOMPARE(run_cli(train_tiny(run, QStringList{"--steps", "200", "--threads", "2"} + kEdits + kEvery)).code, 0);
    QCOMPARE(final_model(run), final_model(straight_));
    QCOMPARE(metrics_rows(run), metrics_rows(straight_));
  }
  void kill_and_resume_same_bits() {
    const QString run = folder_.filePath("killed");
    run_and_kill_at(train_tiny(run, QStringList{"--steps", "200"} + kEdits + kEvery), 70);
    run_and_kill_at({"resume", run, "--steps", "200"}, 130);
    const Result r = run_cli({"resume", run, "--steps", "200", "--threads", "2"});
    QVERIFY2(r.code == 0, r.text());
    QCOMPARE(final_model(run), final_model(straight_));
    QCOMPARE(final_optimizer(run), final_optimizer(straight_));
    QCOMPARE(metrics_rows(run), metrics_rows(straight_));
  }
  // Other routers with tensors of their own, experts that come, go and start anew, automatic revival, dropped tokens.
  void routers_and_experts_survive_kills() {
    const QStringList edits{"--at", "20",  "router.policy=noisy_top_k",
                            "--at", "35",  "experts.add=1",
                            "--at", "50",  "router.policy=sigmoid_top_k",
                            "--at", "60",  "remedy.revive_after=10",
                            "--at", "75",  "experts.revive=L1E2",
                            "--at", "90",  "capacity.factor=1.1",
                            "--at", "110", "router.policy=hash",
                            "--at", "130", "router.policy=gshard",
                            "--at", "150", "experts.remove=1",
                            "--at", "170", "router.policy=expert_choice"};
    const QString whole = folder_.filePath("routers"), killed = folder_.filePath("routers-killed");
    const Result straight =
        run_cli(train_tiny(whole, QStringList{"--steps", "200", "--threads", "1"} + edits + kEvery));
    QVERIFY2(straight.code == 0, straight.text());
    run_and_kill_at(train_tiny(killed, QStringList{"--steps", "200"} + edits + kEvery), 65);
    run_and_kill_at({"resume", killed, "--steps", "200"}, 140);
    const Result r = run_cli({"resume", killed, "--steps", "200", "--threads", "2"});
    QVERIFY2(r.code == 0, r.text());
    QCOMPARE(final_model(killed), final_model(whole));
    QCOMPARE(final_optimizer(killed), final_optimizer(whole));
    QCOMPARE(metrics_rows(killed), metrics_rows(whole));
    QCOMPARE(run_cli({"verify", killed}).code, 0);
  }
  void stop_and_resume_same_bits() {
    const QString run = folder_.filePath("stopped");
    QCOMPARE(run_cli(train_tiny(run, QStringList{"--steps", "70"} + kEdits + kEvery)).code, 0);
    QCOMPARE(run_cli({"resume", run, "--steps", "130"}).code, 0);
    QCOMPARE(run_cli({"resume", run, "--steps", "200"}).code, 0);
    QCOMPARE(final_model(run), final_model(straight_));
  }
  // Edits that arrive while it runs are part of the run once they are logged: a kill right after does not lose them.
  void live_edits_survive_a_kill() {
    const QString run = folder_.filePath("live");
    QProcess serve;
    serve.start(program(), {"serve"});
    QByteArray out;
    const auto until = [&](const QByteArray& text) {
      while (!out.contains(text)) {
        if (!serve.waitForReadyRead(60000)) qFatal("no %s in %s", text.constData(), out.right(2000).constData());
        out += serve.readAllStandardOutput();
      }
    };
    nlohmann::json settings = nlohmann::json::object();
    const QStringList model = tiny_model() + kEvery;
    for (qsizetype i = 0; i < model.size(); ++i)
      if (model[i] == "--set")
        settings[model[i + 1].section('=', 0, 0).toStdString()] = model[i + 1].section('=', 1).toStdString();
    const auto send = [&](const nlohmann::json& command) {
      serve.write(QByteArray::fromStdString(command.dump()) + '\n');
    };
    send({{"id", 1}, {"cmd", "new"}, {"preset", "text-tiny"}, {"run", run.toStdString()}, {"settings", settings}});
    send({{"id", 2}, {"cmd", "run"}, {"until", 40}});
    until("\"state\":\"paused\",\"step\":40");
    send({{"id", 3}, {"cmd", "set"}, {"key", "router.top_k"}, {"value", 1}});
    send({{"id", 4}, {"cmd", "run"}, {"until", 1000000}});
    until("\"step\":60,");
    serve.kill();
    serve.waitForFinished();
    QCOMPARE(run_cli({"resume", run, "--steps", "200"}).code, 0);
    const QString reference = folder_.filePath("live-reference");
    QCOMPARE(
        run_cli(train_tiny(reference, QStringList{"--steps", "200", "--at", "40", "router.top_k=1"} + kEvery)).code, 0);
    QCOMPARE(final_model(run), final_model(reference));
  }
};

QTEST_GUILESS_MAIN(TestCliResume)
#include "tst_cli_resume.moc"
