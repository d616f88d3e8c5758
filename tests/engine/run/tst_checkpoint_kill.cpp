// SPDX-License-Identifier: Apache-2.0
// A child saves without pause and is killed at random moments. What it reported as saved must load, bit for bit.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QElapsedTimer>
#include <QtTest>
#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "tests/engine/run/checkpoint_fixture.h"

namespace fs = std::filesystem;
using namespace moe::run;
using test::Model;

namespace {

constexpr int kKills = 120;
constexpr std::size_t kRows = 4096;  // 256 KiB of weights, twice that of moments

// Saves step after step until killed; each report goes to the pipe only after save_checkpoint has returned.
[[noreturn]] void save_forever(const fs::path& folder, std::int64_t step, int reports) {
  Model model(kRows);
  try {
    for (;; ++step) {
      save_checkpoint(folder, model.content(step));
      if (::write(reports, &step, sizeof step) != sizeof step) ::_exit(3);
      prune_checkpoints(folder, 2);
    }
  } catch (const moe::Error&) {
    ::_exit(4);
  }
}

struct Outcome {
  std::int64_t reported = 0;  // last step reported as saved; 0 = none in this round
  bool killed = false;        // and not failed by itself
};

Outcome run_child(const fs::path& folder, std::int64_t first, std::chrono::microseconds life) {
  int pipe_ends[2];
  if (::pipe(pipe_ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) save_forever(folder, first, pipe_ends[1]);
  ::close(pipe_ends[1]);
  std::this_thread::sleep_for(life);
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  Outcome outcome;
  outcome.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  for (std::int64_t step = 0; ::read(pipe_ends[0], &step, sizeof step) == sizeof step;) outcome.reported = step;
  ::close(pipe_ends[0]);
  return outcome;
}

}  // namespace

class TestCheckpointKill : public QObject {
  Q_OBJECT
 private slots:
  void nothing_reported_is_ever_lost();
};

void TestCheckpointKill::nothing_reported_is_ever_lost() {
  QTemporaryDir temporary;
  const fs::path folder = fs::path(temporary.path().toStdString()) / "checkpoints";
  // A life of up to three saves: some die before their first report. How long a save takes is the disk's affair.
  Model probe(kRows);
  QElapsedTimer timer;
  timer.start();
  for (std::int64_t step = 1; step <= 3; ++step) save_checkpoint(folder, probe.content(step));
  const auto longest = static_cast<int>(std::clamp<qint64>(timer.nsecsElapsed() / 1000, 2'000, 400'000));
  std::mt19937 random(20240607);
  std::uniform_int_distribution<int> life(100, longest);  // microseconds
  std::int64_t last = 3, next = 4;
  int inside = 0, published = 0;
  timer.start();
  for (int kill = 0; kill < kKills; ++kill) {
    const Outcome outcome = run_child(folder, next, std::chrono::microseconds(life(random)));
    QVERIFY2(outcome.killed, "the child failed by itself");
    last = std::max(last, outcome.reported);
    const CheckpointInfo newest = newest_valid(folder);
    QVERIFY2(newest.valid, newest.problem.c_str());
    QVERIFY2(newest.step >= last, qPrintable(QString("reported %1, found %2").arg(last).arg(newest.step)));
    Model model(kRows);
    QVERIFY(model.holds(newest));
    for (const auto& info : list_checkpoints(folder, true)) QVERIFY2(info.valid, info.problem.c_str());
    if (!test::leftovers(folder).empty()) ++inside;
    if (newest.step > last) ++published;
    last = newest.step;
    next = newest.step + 1;
  }
  qInfo(
      "%d kills in %lld ms: %d inside a save or deletion, %d between the rename and the report, %lld checkpoints saved",
      kKills, static_cast<long long>(timer.elapsed()), inside, published, static_cast<long long>(last));
  QVERIFY(inside >= kKills / 4);
  QVERIFY(last > 3);
  Model model(kRows);
  save_checkpoint(folder, model.content(next));
  QVERIFY(test::leftovers(folder).empty());
}

QTEST_GUILESS_MAIN(TestCheckpointKill)
#include "tst_checkpoint_kill.moc"
