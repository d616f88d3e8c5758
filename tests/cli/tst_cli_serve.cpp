// SPDX-License-Identifier: Apache-2.0
// moe-cli serve: commands, events, manners.
#include <fcntl.h>
#include <sys/resource.h>

#include <QtTest>
#include <csignal>
#include <functional>

#include "engine/protocol/messages.h"
#include "engine/protocol/model_sheet.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/metrics_rows.h"

using namespace moe::test;
using nlohmann::json;

namespace {

/// A served session with its lines.
class Server {
 public:
  Server() { process.start(program(), {"serve"}); }
  ~Server() {
    if (process.state() != QProcess::NotRunning) {
      process.kill();
      process.waitForFinished();
    }
  }
  void send_raw(const QByteArray& line) {
    process.write(line + '\n');
    process.waitForBytesWritten(10000);
  }
  int send(json command) {
    command["id"] = ++id;
    send_raw(QByteArray::fromStdString(command.dump()));
    return id;
  }
  /// The next line that fits, keeping all lines in `seen`.
  json wait_for(const std::function<bool(const json&)>& fits, int ms = 60000) {
    QElapsedTimer clock;
    clock.start();
    for (;;) {
      for (; next < seen.size(); ++next)
        if (fits(seen[next])) return seen[next++];
      if (clock.elapsed() > ms || (process.state() == QProcess::NotRunning && !process.bytesAvailable())) return json();
      process.waitForReadyRead(200);
      buffer += process.readAllStandardOutput();
      for (qsizetype end; (end = buffer.indexOf('\n')) >= 0; buffer.remove(0, end + 1))
        seen.push_back(json::parse(buffer.left(end).toStdString()));
    }
  }
  json reply(int to, int ms = 60000) {
    const std::size_t from = next;
    next = 0;
    json found = wait_for([&](const json& m) { return m.contains("id") && m["id"] == to; }, ms);
    next = std::max(from, next);
    return found;
  }
  json ask(json command) { return reply(send(std::move(command))); }
  json event(const char* name, int ms = 60000) {
    return wait_for([&](const json& m) { return m.contains("event") && m["event"] == name; }, ms);
  }
  json state(const char* wanted) {
    return wait_for(
        [&](const json& m) { return m.contains("event") && m["event"] == "state" && m["state"] == wanted; });
  }
  json start_tiny(const QString& run, const json& more = json::object()) {
    json settings = json::object();
    const QStringList model = tiny_model();
    for (qsizetype i = 0; i < model.size(); ++i)
      if (model[i] == "--set")
        settings[model[i + 1].section('=', 0, 0).toStdString()] = model[i + 1].section('=', 1).toStdString();
    settings.update(more.value("settings", json::object()));
    json command = {{"cmd", "new"}, {"preset", "text-tiny"}, {"run", run.toStdString()}};
    command.update(more);
    command["settings"] = settings;
    return ask(command);
  }

  QProcess process;
  QByteArray buffer;
  std::vector<json> seen;
  std::size_t next = 0;
  int id = 0;
};

bool failed_with(const json& reply, const char* kind) {
  return reply.is_object() && !reply.value("ok", true) && reply["error"]["kind"] == kind &&
         !reply["error"]["message"].get<std::string>().empty();
}

}  // namespace

class TestCliServe : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;

 private slots:
  void hello_introduces() {
    Server server;
    const json result = server.ask({{"cmd", "hello"}, {"protocol", 1}}).at("result");
    QCOMPARE(result.at("protocol").get<int>(), 1);
    QCOMPARE(result.at("pid").get<qint64>(), server.process.processId());
    QVERIFY(result.at("knobs").size() > 20 && result.at("presets").size() >= 4);
    QVERIFY(failed_with(server.ask({{"cmd", "hello"}, {"protocol", 99}}), "usage"));
  }

  void sheets_need_no_run() {
    Server server;
    const json names = server.ask({{"cmd", "hello"}}).at("result").at("sheets");
    QVERIFY(names.size() >= 8);
    for (const json& entry : names) {
      const json reply = server.ask({{"cmd", "sheet"}, {"name", entry.at("name")}});
      QVERIFY2(reply.at("ok").get<bool>(), reply.dump().c_str());
      const auto sheet = moe::protocol::model_sheet_from_json(reply.at("result"));
      QCOMPARE(sheet.title, entry.at("title").get<std::string>());
      QVERIFY(sheet.parameters > sheet.active_parameters && !sheet.claims.empty());
    }
    const json ours = server.ask({{"cmd", "sheet"}, {"preset", "text-tiny"}, {"settings", {{"model.experts", 4096}}}});
    QCOMPARE(ours.at("result").at("experts").get<int>(), 4096);
    QVERIFY(failed_with(server.ask({{"cmd", "sheet"}, {"name", "mixtrall"}}), "usage"));
    QVERIFY(failed_with(server.ask({{"cmd", "sheet"}, {"name", "glam"}, {"preset", "text-tiny"}}), "usage"));
    QVERIFY(failed_with(server.ask({{"cmd", "sheet"}, {"settings", {{"router.top_k", 9}}}}), "usage"));
    QVERIFY(failed_with(server.ask({{"cmd", "sheet"}}), "usage"));  // no run is open
    const json info = server.start_tiny(folder_.filePath("sheet")).at("result");
    const json open = server.ask({{"cmd", "sheet"}}).at("result");
    QCOMPARE(open.at("parameters").get<qint64>(), info.at("parameters").get<qint64>());
    QCOMPARE(open.at("active_parameters").get<qint64>(), info.at("active_parameters").get<qint64>());
  }

  void a_whole_session() {
    Server server;
    const json info = server.start_tiny(folder_.filePath("whole"));
    QVERIFY2(info.at("ok").get<bool>(), info.dump().c_str());
    const auto run = moe::protocol::run_info_from_json(info.at("result"));
    QCOMPARE(run.experts, 4);
    QCOMPARE(run.moe_layers, (std::vector<int>{0, 1}));
    QVERIFY(run.domains.size() >= 8 && run.unigram_loss.size() == run.domains.size());
    // Pictures fill before the first step.
    const auto probe = moe::protocol::probe_from_json(server.event("probe"));
    QCOMPARE(probe.step, std::int64_t{0});
    QCOMPARE(probe.strips.size(), run.domains.size());
    QCOMPARE(probe.information.size(), std::size_t{2});
    std::int64_t counted = 0;
    for (const auto count : probe.counts) counted += count;
    QCOMPARE(counted, probe.tokens * 2 * 2);  // layers, top-k

    server.send({{"cmd", "step"}, {"count", 3}});
    QCOMPARE(server.state("paused").at("step").get<int>(), 3);
    const json set = server.ask({{"cmd", "set"}, {"key", "router.top_k"}, {"value", 1}});
    QCOMPARE(set.at("result").at("applied_at").get<int>(), 3);
    QCOMPARE(set.at("result").at("before").get<std::string>(), std::string("2"));
    QVERIFY(server.ask({{"cmd", "run"}, {"until", 20}}).at("ok").get<bool>());
    QCOMPARE(server.state("paused").at("step").get<int>(), 20);

    const json history = server.ask({{"cmd", "history"}}).at("result");
    QCOMPARE(history.at("steps").size(), std::size_t{20});
    QCOMPARE(history.at("steps")[3].at("top_k").get<int>(), 1);
    const json at = server.ask({{"cmd", "at"}, {"step", 10}, {"window", 5}}).at("result");
    QCOMPARE(at.at("layers").at("load").size(), std::size_t{2});
    QVERIFY(at.at("probe_step").get<int>() <= 10 && at.at("probe").is_object());
    const QString csv = folder_.filePath("metrics.csv");
    QCOMPARE(server.ask({{"cmd", "export"}, {"file", csv.toStdString()}}).at("result").at("rows").get<int>(), 20);
    QCOMPARE(read_file(csv).count("\r\n"), 21);
    QVERIFY(read_file(csv).startsWith("step,loss"));

    const auto trace =
        moe::protocol::trace_from_json(server.ask({{"cmd", "inspect"}, {"text", "Hello there"}}).at("result"));
    QVERIFY(trace.tokens() > 0 && trace.top_k == 1);
    QCOMPARE(server.ask({{"cmd", "sample"}, {"prompt", "The"}, {"tokens", 5}}).at("result").at("pieces").size(),
             std::size_t{5});
    QVERIFY(server.ask({{"cmd", "checkpoint"}}).at("result").at("step") == 20);
    QVERIFY(server.ask({{"cmd", "stop"}, {"keep", true}}).at("ok").get<bool>());

    const json reopened = server.ask({{"cmd", "open"}, {"run", folder_.filePath("whole").toStdString()}});
    QCOMPARE(reopened.at("result").at("step").get<int>(), 20);
    QCOMPARE(reopened.at("result").at("top_k").get<int>(), 1);
    QCOMPARE(server.event("edit").at("key").get<std::string>(), std::string("router.top_k"));
    QVERIFY(server.ask({{"cmd", "shutdown"}}).at("ok").get<bool>());
    QVERIFY(server.process.waitForFinished(20000));
    QCOMPARE(server.process.exitCode(), 0);
  }

  void discard_deletes_what_was_made_here() {
    Server server;
    const QString run = folder_.filePath("discard");
    server.start_tiny(run, {{"start", true}});
    server.event("step");
    QVERIFY(server.ask({{"cmd", "stop"}, {"keep", false}}).at("ok").get<bool>());
    QVERIFY(!QFile::exists(run));
  }

  void read_only_beside_a_training_program() {
    Server trains, looks;
    const QString run = folder_.filePath("shared");
    trains.start_tiny(run, {{"start", true}, {"settings", {{"train.steps", 1000000}}}});
    trains.wait_for([](const json& m) { return m.value("event", "") == "step" && m["step"] >= 50; });
    QVERIFY(failed_with(looks.ask({{"cmd", "open"}, {"run", run.toStdString()}}), "locked"));
    const json info = looks.ask({{"cmd", "open"}, {"run", run.toStdString()}, {"read_only", true}});
    QVERIFY2(info.at("result").at("read_only").get<bool>(), info.dump().c_str());
    QVERIFY(failed_with(looks.ask({{"cmd", "run"}}), "usage"));
    QTRY_VERIFY(looks.ask({{"cmd", "history"}}).at("result").at("steps").size() >= 50);
  }

  void bad_lines_are_answered_and_survived_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArray>("kind");
    const auto row = [](const char* name, const QByteArray& line, const char* kind) {
      QTest::newRow(name) << line << QByteArray(kind);
    };
    row("empty", "", "bad_input");
    row("text", "hello", "bad_input");
    row("array", "[1,2]", "usage");
    row("number", "7", "usage");
    row("no id", R"({"cmd":"hello"})", "usage");
    row("id text", R"({"id":"a","cmd":"hello"})", "usage");
    row("no cmd", R"({"id":1000})", "usage");
    row("unknown cmd", R"({"id":1000,"cmd":"format-disk"})", "usage");
    row("cmd number", R"({"id":1000,"cmd":3})", "usage");
    row("duplicate key", R"({"id":1000,"cmd":"hello","cmd":"stop"})", "bad_input");
    row("deep", QByteArray(100000, '['), "bad_input");
    row("NUL", QByteArray("{\"id\":1000\0}", 12), "bad_input");
    row("not UTF-8", "{\"id\":1000,\"cmd\":\"\xff\"}", "bad_input");
    row("run without a run", R"({"id":1000,"cmd":"run"})", "usage");
    row("set without a run", R"({"id":1000,"cmd":"set","key":"optim.lr","value":1})", "usage");
    row("history without a run", R"({"id":1000,"cmd":"history"})", "usage");
    row("step count", R"({"id":1000,"cmd":"step","count":-1})", "usage");
    row("new with bad settings", R"({"id":1000,"cmd":"new","preset":"text-tiny","settings":{"router.top_k":99}})",
        "usage");
    row("new with a list", R"({"id":1000,"cmd":"new","preset":"text-tiny","settings":[1]})", "usage");
    row("new with an unknown preset", R"({"id":1000,"cmd":"new","preset":"x"})", "usage");
    row("open of nothing", R"({"id":1000,"cmd":"open","run":"/nowhere"})", "bad_input");
    row("open of a number", R"({"id":1000,"cmd":"open","run":5})", "usage");
  }
  void bad_lines_are_answered_and_survived() {
    QFETCH(QByteArray, line);
    QFETCH(QByteArray, kind);
    Server server;
    server.send_raw(line);
    const json answer = server.wait_for([](const json& m) { return m.contains("ok"); });
    QVERIFY2(failed_with(answer, kind.constData()), answer.dump().c_str());
    QVERIFY(server.ask({{"cmd", "hello"}}).at("ok").get<bool>());
  }

  void bad_live_values_change_nothing() {
    Server server;
    server.start_tiny(folder_.filePath("bad-live"), {{"start", true}, {"settings", {{"train.steps", 1000000}}}});
    for (const json& bad : std::vector<json>{{{"key", "router.top_k"}, {"value", 5}},
                                             {{"key", "router.top_k"}, {"value", 0}},
                                             {{"key", "optim.lr"}, {"value", "nan"}},
                                             {{"key", "optim.lr"}, {"value", nullptr}},
                                             {{"key", "optim.lr"}, {"value", -1}},
                                             {{"key", "optim.lr"}},
                                             {{"key", "model.experts"}, {"value", 8}},
                                             {{"key", "router.topk"}, {"value", 1}},
                                             {{"value", 1}}}) {
      json command = bad;
      command["cmd"] = "set";
      QVERIFY2(failed_with(server.ask(command), "usage"), bad.dump().c_str());
    }
    server.ask({{"cmd", "pause"}});
    for (const json& m : server.seen) QVERIFY(m.value("event", "") != "edit");
  }

  void a_thousand_changes_are_coalesced() {
    Server server;
    server.start_tiny(folder_.filePath("slider"), {{"start", true}, {"settings", {{"train.steps", 1000000}}}});
    server.event("step");
    QByteArray lines;
    for (int i = 1; i <= 1000; ++i)
      lines += QByteArray::fromStdString(
                   json{{"id", 10000 + i}, {"cmd", "set"}, {"key", "router.noise"}, {"value", i * 0.001}}.dump()) +
               '\n';
    server.process.write(lines);
    for (const int i : {1, 500, 1000})
      QVERIFY2(server.reply(10000 + i).at("ok").get<bool>(), "every change gets a reply");
    QCOMPARE(server.ask({{"cmd", "pause"}}).at("ok").get<bool>(), true);
    server.state("paused");
    std::map<std::int64_t, int> edits;
    for (const json& m : server.seen)
      if (m.value("event", "") == "edit") ++edits[m["step"].get<std::int64_t>()];
    QVERIFY(!edits.empty() && edits.size() < 1000);
  }

  // Nobody reads: training goes on for more steps than the program's queue and the pipe hold, as its store shows.
  void a_reader_that_stopped_does_not_stop_training() {
    Server server;
    const QString run = folder_.filePath("slow");
    server.start_tiny(run, {{"settings", {{"train.steps", 100000000}, {"train.checkpoint_every", 0}}}});
    server.ask({{"cmd", "run"}});
    const auto first = server.event("step").at("step").get<qint64>();
    constexpr qint64 kHeld = 8192 + 2048;  // lines of the queue, and more than the pipe takes
    QElapsedTimer clock;
    clock.start();
    while (last_step(run) < first + kHeld && clock.elapsed() < 200'000) QThread::msleep(100);
    QVERIFY2(last_step(run) >= first + kHeld, qPrintable(QString::number(last_step(run) - first)));
    // It is still told what is asked for, and sees the gap in the numbers of the steps.
    server.seen.clear();
    server.next = 0;
    QVERIFY(server.ask({{"cmd", "pause"}}).at("ok").get<bool>());
    qint64 before = first, gap = 0;
    for (const json& m : server.seen) {
      if (m.value("event", "") != "step") continue;
      const auto step = m["step"].get<qint64>();
      gap = std::max(gap, step - before - 1);
      before = step;
    }
    QVERIFY2(gap > 0, "the oldest steps are dropped, not kept for ever");
  }

  // A file-size limit on the running program stands for a disk that fills up and is cleared again.
  void a_full_disk_pauses_and_goes_on() {
    Server server;
    const QString run = folder_.filePath("full");
    server.start_tiny(run, {{"start", true}, {"settings", {{"train.steps", 1000000}, {"train.checkpoint_every", 0}}}});
    server.wait_for([](const json& m) { return m.value("event", "") == "step" && m["step"] >= 20; });
    rlimit old{}, low{};
    const auto pid = static_cast<pid_t>(server.process.processId());
    QCOMPARE(::prlimit(pid, RLIMIT_FSIZE, nullptr, &old), 0);
    low = old;
    low.rlim_cur = 4096;
    QCOMPARE(::prlimit(pid, RLIMIT_FSIZE, &low, nullptr), 0);
    const json error = server.event("error");
    QVERIFY2(error.is_object() && error["kind"] == "resource", error.dump().c_str());
    QVERIFY(!error["where"].get<std::string>().empty() && !error["action"].get<std::string>().empty());
    const qint64 stopped = server.state("paused").at("step").get<qint64>();
    QVERIFY2(failed_with(server.ask({{"cmd", "run"}}), "resource"), "the disk is still full");
    QVERIFY2(failed_with(server.ask({{"cmd", "set"}, {"key", "router.top_k"}, {"value", 1}}), "resource"),
             "an edit that cannot be logged does not act");
    QVERIFY2(failed_with(server.ask({{"cmd", "checkpoint"}}), "resource"), "nor can it be saved");
    QCOMPARE(::prlimit(pid, RLIMIT_FSIZE, &old, nullptr), 0);
    QVERIFY(server.ask({{"cmd", "run"}, {"until", stopped + 30}}).at("ok").get<bool>());
    server.wait_for([&](const json& m) {
      return m.value("event", "") == "state" && m["state"] == "paused" && m["step"] == stopped + 30;
    });
    const json steps = server.ask({{"cmd", "history"}, {"max_rows", 100000}}).at("result").at("steps");
    QCOMPARE(static_cast<qint64>(steps.size()), stopped + 30);  // no row was lost
    QCOMPARE(steps.back().at("top_k").get<int>(), 2);
  }

  void closed_stdin_saves_and_ends() {
    Server server;
    const QString run = folder_.filePath("eof");
    server.start_tiny(run, {{"start", true}, {"settings", {{"train.steps", 1000000}, {"train.checkpoint_every", 0}}}});
    server.wait_for([](const json& m) { return m.value("event", "") == "step" && m["step"] >= 20; });
    server.process.closeWriteChannel();
    QVERIFY(server.process.waitForFinished(20000));
    QCOMPARE(server.process.exitCode(), 0);
    QVERIFY(!checkpoints(run).isEmpty());
    QVERIFY(checkpoints(run).last().mid(5).toInt() >= 20);
  }
  void sigterm_saves_and_ends() {
    Server server;
    const QString run = folder_.filePath("term");
    server.start_tiny(run, {{"start", true}, {"settings", {{"train.steps", 1000000}, {"train.checkpoint_every", 0}}}});
    server.wait_for([](const json& m) { return m.value("event", "") == "step" && m["step"] >= 20; });
    server.process.terminate();
    QVERIFY(server.process.waitForFinished(20000));
    QCOMPARE(server.process.exitCode(), 128 + SIGTERM);
    QVERIFY(checkpoints(run).last().mid(5).toInt() >= 20);
  }
  void preparing_can_be_cancelled() {
    for (int i = 0; i < 60; ++i) {
      QByteArray text;
      for (int j = 0; j < 20000; ++j) text += "word" + QByteArray::number((i * 7919 + j * 104729) % 99991) + ' ';
      write_file(folder_.filePath("big/d/" + QString::number(i) + ".txt"), text);
    }
    Server server;
    const QString run = folder_.filePath("cancelled");
    const int id =
        server.send({{"cmd", "new"},
                     {"preset", "text-tiny"},
                     {"run", run.toStdString()},
                     {"settings", {{"data.path", folder_.filePath("big").toStdString()}, {"model.vocabulary", 4096}}}});
    QVERIFY(!server.event("progress").is_null());
    QVERIFY(server.ask({{"cmd", "hello"}}).at("ok").get<bool>());
    const int stop = server.send({{"cmd", "stop"}});
    QVERIFY(failed_with(server.reply(id), "failure"));
    QVERIFY(server.reply(stop).at("ok").get<bool>());
    QVERIFY(!QFile::exists(run));
  }
};

QTEST_GUILESS_MAIN(TestCliServe)
#include "tst_cli_serve.moc"
