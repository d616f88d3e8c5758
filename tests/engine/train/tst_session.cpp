// SPDX-License-Identifier: Apache-2.0
// The session inside one process; the protocol over pipes is tested in tests/cli.
#include <QFile>
#include <QTemporaryDir>
#include <QtTest>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"
#include "engine/run/checkpoint.h"
#include "engine/run/store.h"
#include "engine/train/cadence.h"
#include "engine/train/session.h"

using namespace moe;
using nlohmann::json;

namespace {

/// Collects what a session says.
class Talk {
 public:
  Talk()
      : session_(std::make_unique<train::Session>([this](const train::Outgoing& out) {
          const std::lock_guard lock(mutex_);
          messages_.push_back(json::parse(out.message.dump()));
          if (out.message.contains("event")) droppable_[out.message["event"].get<std::string>()] = out.droppable;
        })) {}
  json ask(json command) {
    const int id = ++id_;
    command["id"] = id;
    session_->submit(command);
    session_->drain();
    const std::lock_guard lock(mutex_);
    for (const json& m : messages_)
      if (m.contains("id") && m["id"] == id) return m;
    return {};
  }
  void submit(json command) {
    command["id"] = ++id_;
    session_->submit(command);
  }
  std::vector<json> events(const std::string& name) {
    const std::lock_guard lock(mutex_);
    std::vector<json> found;
    for (const json& m : messages_)
      if (m.value("event", "") == name) found.push_back(m);
    return found;
  }
  int replies() {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(
        std::count_if(messages_.begin(), messages_.end(), [](const json& m) { return m.value("ok", false); }));
  }
  bool droppable(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return droppable_.at(name);
  }
  train::Session& session() { return *session_; }
  void close() { session_.reset(); }

 private:
  std::mutex mutex_;
  std::vector<json> messages_;
  std::map<std::string, bool> droppable_;
  int id_ = 0;
  std::unique_ptr<train::Session> session_;
};

json tiny(const QString& run, const json& more = json::object()) {
  json settings = {{"model.layers", 2},  {"model.width", 16},        {"model.heads", 2},        {"model.kv_heads", 2},
                   {"model.experts", 4}, {"model.expert_width", 16}, {"model.vocabulary", 320}, {"model.context", 16},
                   {"train.batch", 2},   {"train.eval_windows", 1}};
  settings.update(more);
  return {{"cmd", "new"}, {"preset", "text-tiny"}, {"run", run.toStdString()}, {"settings", settings}};
}

QByteArray model_bytes(const QString& run, const char* step) {
  QFile file(run + "/checkpoints/" + step + "/model.safetensors");
  return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

}  // namespace

class TestSession : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;

 private slots:
  void looking_does_not_disturb() {
    for (const bool looks : {false, true}) {
      Talk talk;
      const QString run = folder_.filePath(looks ? "looks" : "blind");
      const int every = looks ? 1 : 0;
      QVERIFY(talk.ask(tiny(run, {{"train.probe_every", every},
                                  {"train.eval_every", every},
                                  {"train.checkpoint_every", looks ? 3 : 0},
                                  {"router.noise", 0.5}}))
                  .at("ok")
                  .get<bool>());
      for (int stop : {7, 15, 30}) {
        QVERIFY(talk.ask({{"cmd", "run"}, {"until", stop}}).at("ok").get<bool>());
        talk.session().wait_until_idle();
        if (looks) {
          QVERIFY(talk.ask({{"cmd", "inspect"}, {"text", "abc"}}).at("ok").get<bool>());
          QVERIFY(talk.ask({{"cmd", "sample"}, {"prompt", "abc"}, {"tokens", 3}}).at("ok").get<bool>());
        }
      }
    }
    const QByteArray blind = model_bytes(folder_.filePath("blind"), "step-00000030");
    QVERIFY(!blind.isEmpty());
    QCOMPARE(model_bytes(folder_.filePath("looks"), "step-00000030"), blind);
  }

  void edits_are_logged_before_they_act() {
    const QString run = folder_.filePath("edits");
    {
      Talk talk;
      talk.ask(tiny(run));
      const json reply = talk.ask({{"cmd", "set"}, {"key", "balance.coefficient"}, {"value", 0}});
      QCOMPARE(reply.at("result").at("applied_at").get<int>(), 0);
      const auto store = run::Store::open_read_only(run.toStdString() + "/metrics.sqlite");
      QCOMPARE(store.edits().size(), std::size_t{1});
      QCOMPARE(store.edits()[0].key, std::string("balance.coefficient"));
      // The value in force again: nothing to log.
      QVERIFY(talk.ask({{"cmd", "set"}, {"key", "balance.coefficient"}, {"value", "0"}}).at("ok").get<bool>());
      QCOMPARE(store.edits().size(), std::size_t{1});
      QCOMPARE(talk.events("edit").size(), std::size_t{1});
    }
  }

  void settings_that_wait_together_become_one_edit() {
    Talk talk;
    const QString run = folder_.filePath("together");
    talk.ask(tiny(run, {{"train.steps", 1000000}}));
    talk.submit({{"cmd", "run"}});
    for (int i = 1; i <= 500; ++i) talk.submit({{"cmd", "set"}, {"key", "router.noise"}, {"value", i * 0.01}});
    talk.submit({{"cmd", "pause"}});
    talk.session().drain();
    const auto edits = run::Store::open_read_only(run.toStdString() + "/metrics.sqlite").edits();
    QVERIFY(!edits.empty() && edits.size() < 250);
    QCOMPARE(edits.back().after, std::string("5.0"));
    std::map<std::int64_t, int> per_step;
    for (const auto& edit : edits) ++per_step[edit.step];
    for (const auto& [step, count] : per_step) QVERIFY2(count == 1, qPrintable(QString::number(step)));
  }

  void only_steps_may_be_dropped() {
    Talk talk;
    talk.ask(tiny(folder_.filePath("droppable")));
    talk.ask({{"cmd", "set"}, {"key", "router.top_k"}, {"value", 1}});
    talk.ask({{"cmd", "step"}, {"count", 2}});
    talk.session().wait_until_idle();
    talk.ask({{"cmd", "checkpoint"}});
    QVERIFY(talk.droppable("step"));
    for (const char* name : {"state", "edit", "eval", "checkpoint", "probe"}) QVERIFY2(!talk.droppable(name), name);
  }

  void closing_saves_what_was_not() {
    const QString run = folder_.filePath("closing");
    Talk talk;
    talk.ask(tiny(run, {{"train.checkpoint_every", 0}, {"train.steps", 1000000}}));
    talk.ask({{"cmd", "run"}});
    QTRY_VERIFY(talk.events("step").size() > 5);
    talk.close();
    const auto newest = run::newest_valid(run.toStdString() + "/checkpoints");
    QVERIFY2(newest.valid, newest.problem.c_str());
    QCOMPARE(run::Store::open_read_only(run.toStdString() + "/metrics.sqlite").last_step(), newest.step);
  }

  // Under the thread sanitizer: the reader outlives nothing that its last answers touch.
  void closing_answers_the_questions_that_wait() {
    constexpr int kQuestions = 12;
    Talk talk;
    for (int i = 0; i < kQuestions; ++i) talk.submit({{"cmd", "hello"}});
    talk.close();
    QCOMPARE(talk.replies(), kQuestions);
  }

  void a_new_run_closes_the_old_one() {
    Talk talk;
    const QString first = folder_.filePath("first"), second = folder_.filePath("second");
    talk.ask(tiny(first));
    talk.ask({{"cmd", "step"}, {"count", 4}});
    talk.session().wait_until_idle();
    QVERIFY(talk.ask(tiny(second)).at("ok").get<bool>());
    QCOMPARE(run::newest_valid(first.toStdString() + "/checkpoints").step, std::int64_t{4});
    QVERIFY2(talk.ask(tiny(first)).at("error").at("kind") == "usage", "the folder is taken");
    QVERIFY(talk.ask({{"cmd", "open"}, {"run", first.toStdString()}}).at("ok").get<bool>());
  }

  void exported_rows_are_as_long_as_the_header() {
    Talk talk;
    talk.ask(tiny(folder_.filePath("export")));
    for (const char* key : {"", "experts.add", "experts.remove", "experts.remove"}) {
      if (*key) QVERIFY(talk.ask({{"cmd", "set"}, {"key", key}, {"value", "1"}}).at("ok").get<bool>());
      talk.ask({{"cmd", "step"}, {"count", 2}});
      talk.session().wait_until_idle();
    }
    const QString csv = folder_.filePath("export.csv");
    QCOMPARE(talk.ask({{"cmd", "export"}, {"file", csv.toStdString()}}).at("result").at("rows").get<int>(), 8);
    QFile file(csv);
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QList<QByteArray> lines = file.readAll().trimmed().split('\n');
    const QList<QByteArray> names = lines[0].trimmed().split(',');
    QVERIFY(names.contains("layer_0_load_4") && !names.contains("layer_0_load_5"));
    for (const QByteArray& line : lines) QCOMPARE(line.trimmed().split(',').size(), names.size());
    // The second layer's figures stand under its own names: a load of four experts, then none of a fifth.
    const auto at = names.indexOf("layer_1_load_0");
    const QList<QByteArray> first = lines[1].trimmed().split(',');
    int tokens = 0;
    for (int e = 0; e < 4; ++e) tokens += first[at + e].toInt();
    QCOMPARE(tokens, 2 * 16 * 2);  // batch, context, top-k
    QCOMPARE(first[at + 4], QByteArray());
  }

  void the_slowest_pace_is_slow() {
    const auto now = train::Cadence::Clock::now();
    train::Cadence cadence;
    cadence.done(now, 1e-300);
    QVERIFY(cadence.due() > now + std::chrono::hours(24));
  }

  void the_horizon_can_move() {
    Talk talk;
    QVERIFY(
        talk.ask(tiny(folder_.filePath("horizon"), {{"train.steps", 5}, {"optim.warmup", 2}})).at("ok").get<bool>());
    talk.ask({{"cmd", "run"}});
    talk.session().wait_until_idle();
    QCOMPARE(talk.events("state").back().at("state").get<std::string>(), std::string("finished"));
    QCOMPARE(talk.ask({{"cmd", "run"}}).at("error").at("kind").get<std::string>(), std::string("usage"));
    QVERIFY(talk.ask({{"cmd", "set"}, {"key", "train.steps"}, {"value", 8}}).at("ok").get<bool>());
    talk.ask({{"cmd", "run"}});
    talk.session().wait_until_idle();
    QCOMPARE(talk.events("state").back().at("step").get<int>(), 8);
  }

  void probes_take_a_bounded_share_of_time() {
    Talk talk;
    talk.ask(
        tiny(folder_.filePath("share"), {{"train.probe_every", 1}, {"train.steps", 1000000}, {"train.eval_every", 0}}));
    talk.ask({{"cmd", "run"}});
    QTest::qWait(3000);
    talk.ask({{"cmd", "pause"}});
    const auto steps = talk.events("step").size(), probes = talk.events("probe").size();
    QVERIFY2(probes >= 2, "pictures are refreshed");
    QVERIFY2(probes * 10 < steps, "though a probe is wanted at every step");
  }

  void history_is_thinned_and_says_so() {
    Talk talk;
    talk.ask(tiny(folder_.filePath("history")));
    talk.ask({{"cmd", "run"}, {"until", 64}});
    talk.session().wait_until_idle();
    const json thin = talk.ask({{"cmd", "history"}, {"max_rows", 10}}).at("result");
    QCOMPARE(thin.at("stride").get<int>(), 8);
    QCOMPARE(thin.at("steps").size(), std::size_t{8});
    QCOMPARE(talk.ask({{"cmd", "history"}, {"from", 3}, {"to", 5}}).at("result").at("steps").size(), std::size_t{3});
    QCOMPARE(talk.ask({{"cmd", "history"}, {"max_rows", 0}}).at("error").at("kind").get<std::string>(),
             std::string("usage"));
  }
};

QTEST_GUILESS_MAIN(TestSession)
#include "tst_session.moc"
