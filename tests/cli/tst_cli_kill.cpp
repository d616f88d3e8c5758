// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments, in and out of saving: no checkpoint is ever lost or torn, and the run still comes to its
// end with the bits of an undisturbed one.
#include <QRandomGenerator>
#include <QtTest>

#include "tests/cli/cli_process.h"
#include "tests/cli/metrics_rows.h"

using namespace moe::test;

namespace {

constexpr int kKills = 200, kCheckpointEvery = 5;
constexpr qint64 kBudgetMs = 240000;

/// Staged folders that are not yet checkpoints, each with the time of its last change.
QStringList staged(const QString& run) {
  static const QRegularExpression checkpoint("^step-[0-9]+$");
  QStringList found;
  QDir folder(run + "/checkpoints");
  for (const QFileInfo& entry : folder.entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot | QDir::Hidden))
    if (!checkpoint.match(entry.fileName()).hasMatch())
      found << entry.fileName() + ' ' +
                   QString::number(entry.fileTime(QFile::FileMetadataChangeTime).toMSecsSinceEpoch());
  return found;
}

qint64 newest_step(const QString& run) {
  const QStringList all = checkpoints(run).filter(QRegularExpression("^step-[0-9]+$"));
  return all.isEmpty() ? -1 : all.last().mid(5).toLongLong();
}

}  // namespace

class TestCliKill : public QObject {
  Q_OBJECT

 private slots:
  void two_hundred_kills() {
    QTemporaryDir folder;
    const QString run = folder.filePath("run");
    const QStringList every{"--set", "train.checkpoint_every=" + QString::number(kCheckpointEvery),
                            "--set", "train.eval_every=0",
                            "--set", "train.probe_every=0",
                            "--set", "train.keep_checkpoints=2"};
    const QStringList start = train_tiny(run, QStringList{"--steps", "1000000"} + every);
    QRandomGenerator random(7);
    QElapsedTimer clock;
    clock.start();
    int kills = 0, in_save = 0, lost = 0, torn = 0;
    qint64 safe = -1;
    while (kills < kKills && clock.elapsed() < kBudgetMs) {
      const bool is_run = QFile::exists(run + "/run.json");
      if (!is_run) QDir(run).removeRecursively();
      const QStringList left_over = staged(run);
      QProcess process;
      process.setStandardOutputFile(QProcess::nullDevice());
      process.setStandardErrorFile(folder.filePath("err.txt"));
      process.start(program(), is_run ? QStringList{"resume", run, "--steps", "1000000"} : start);
      QVERIFY(process.waitForStarted());
      // Wait for a checkpoint beyond the last one every few kills, so that the run gets on; else anywhere, start-up
      // too.
      const bool advance = random.bounded(3) == 0;
      QElapsedTimer waiting;
      waiting.start();
      while (advance && newest_step(run) <= safe && waiting.elapsed() < 30000) QThread::msleep(2);
      QThread::usleep(static_cast<unsigned long>(random.bounded(advance ? 40000 : 250000)));
      if (process.state() == QProcess::NotRunning || process.waitForFinished(0))
        QFAIL(read_file(folder.filePath("err.txt")));
      process.kill();
      process.waitForFinished();
      ++kills;
      const QStringList now = staged(run);
      in_save += std::any_of(now.begin(), now.end(), [&](const QString& entry) { return !left_over.contains(entry); });
      if (newest_step(run) < safe) ++lost;
      safe = std::max(safe, newest_step(run));
      if (kills % 20 != 0 || safe < 0) continue;
      for (const auto& checkpoint : run_cli({"verify", run, "--json"}).json().at("checkpoints"))
        torn += !checkpoint.at("valid").get<bool>();
    }
    qInfo("%d kills, %d of them inside a save, %d checkpoints lost, %d torn, step %lld is safe, %.0f s", kills, in_save,
          lost, torn, safe, static_cast<double>(clock.elapsed()) / 1000);
    QCOMPARE(lost, 0);
    QCOMPARE(torn, 0);
    QVERIFY2(kills == kKills, "the machine is too slow for the budget");
    QVERIFY2(in_save > 0, "no kill fell inside a save: the test shows nothing");
    QVERIFY2(safe >= 10 * kCheckpointEvery, "the run must get on between kills");

    const QString last = QString::number(safe + 20);
    QCOMPARE(run_cli({"resume", run, "--steps", last}).code, 0);
    const QString reference = folder.filePath("reference");
    QStringList straight = train_tiny(reference, QStringList{"--steps", last} + every);
    straight << "--set"
             << "train.steps=1000000";  // the same schedule
    QCOMPARE(run_cli(straight).code, 0);
    const QString name = checkpoints(run).last();
    QCOMPARE(read_file(checkpoint_file(run, name, "model.safetensors")),
             read_file(checkpoint_file(reference, name, "model.safetensors")));
    QCOMPARE(metrics_rows(run), metrics_rows(reference));
  }
};

QTEST_GUILESS_MAIN(TestCliKill)
#include "tst_cli_kill.moc"
