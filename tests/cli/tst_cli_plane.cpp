// SPDX-License-Identifier: Apache-2.0
// Runs of points, over the command line and the protocol: the promises that hold for text hold for them.
#include <QtTest>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/protocol/plane.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/metrics_rows.h"
#include "tests/cli/serve_process.h"

using namespace moe::test;
using nlohmann::json;

namespace {

const QStringList kEdits{"--at", "30",  "router.noise=0.3", "--at", "60", "train.only=router",
                         "--at", "80",  "train.only=all",   "--at", "90", "balance.coefficient=0",
                         "--at", "120", "router.top_k=2"};
const QStringList kEvery{"--set", "train.checkpoint_every=25", "--set", "train.eval_every=50"};

QStringList train(const QString& preset, const QString& out, const QStringList& more) {
  return QStringList{"train", "--preset", preset, "--out", out} + more;
}

QByteArray final_file(const QString& run, const QString& name) {
  return read_file(checkpoint_file(run, "step-00000200", name));
}

void run_and_kill_at(const QStringList& arguments, int step) {
  QProcess process;
  process.start(program(), arguments + QStringList{"--json"});
  QByteArray out;
  while (!out.contains("{\"step\":" + QByteArray::number(step) + ',')) {
    if (!process.waitForReadyRead(60000))
      qFatal("ended before step %d: %s", step, process.readAllStandardError().constData());
    out += process.readAllStandardOutput();
  }
  process.kill();
  process.waitForFinished();
}

}  // namespace

class TestCliPlane : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;

 private slots:
  void same_bits_data() {
    QTest::addColumn<QString>("preset");
    QTest::newRow("classes") << "plane-spirals";
    QTest::newRow("values") << "plane-steps";
  }
  void same_bits() {
    QFETCH(QString, preset);
    const QStringList all = QStringList{"--steps", "200"} + kEdits + kEvery;
    const QString one = folder_.filePath(preset + "-1"), two = folder_.filePath(preset + "-2"),
                  killed = folder_.filePath(preset + "-killed");
    const Result r = run_cli(train(preset, one, all + QStringList{"--threads", "1", "--json"}));
    QVERIFY2(r.code == 0, r.text());
    const auto lines = r.lines();
    QCOMPARE(lines.size(), std::size_t{200});
    const char* score = preset == "plane-steps" ? "r2" : "accuracy";
    for (const json& line : lines)
      QVERIFY(line.at(score).is_number() && !line.contains(score[0] == 'r' ? "accuracy" : "r2"));
    QVERIFY(final_file(one, "model.safetensors").size() > 4000);
    QCOMPARE(run_cli(train(preset, two, all + QStringList{"--threads", "2"})).code, 0);
    QCOMPARE(final_file(two, "model.safetensors"), final_file(one, "model.safetensors"));
    QCOMPARE(metrics_rows(two), metrics_rows(one));
    run_and_kill_at(train(preset, killed, all), 70);  // inside train.only=router
    run_and_kill_at({"resume", killed, "--steps", "200"}, 130);
    QCOMPARE(run_cli({"resume", killed, "--steps", "200", "--threads", "2"}).code, 0);
    QCOMPARE(final_file(killed, "model.safetensors"), final_file(one, "model.safetensors"));
    QCOMPARE(final_file(killed, "optim.safetensors"), final_file(one, "optim.safetensors"));
    QCOMPARE(metrics_rows(killed), metrics_rows(one));
    QCOMPARE(run_cli({"verify", killed}).code, 0);
    const json eval = run_cli({"eval", killed, "--json"}).json();
    QCOMPARE(eval.at("points"), json(4000));
    QVERIFY(eval.at(score).is_number());
  }

  void what_makes_no_sense_is_refused_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("sample") << QStringList{"sample", "RUN", "--prompt", "x"};
    QTest::newRow("inspect") << QStringList{"inspect", "RUN", "--text", "x"};
    QTest::newRow("logits") << QStringList{"logits", "RUN", "--tokens", "1,2"};
    QTest::newRow("eval of text") << QStringList{"eval", "RUN", "--data", "RUN"};
  }
  void what_makes_no_sense_is_refused() {
    QFETCH(QStringList, arguments);
    const QString run = folder_.filePath("refuse");
    if (!QFile::exists(run)) QCOMPARE(run_cli(train("plane-moons", run, {"--steps", "5"})).code, 0);
    arguments.replaceInStrings("RUN", run);
    const Result r = run_cli(arguments);
    QCOMPARE(r.code, 2);
    QVERIFY2(r.err.contains("points") && r.err.contains("data.task = text"), r.text());
  }

  void a_file_of_points() {
    const QString csv = folder_.filePath("my points.csv"), run = folder_.filePath("file");
    QByteArray text = "east;north;class\n";
    for (int i = 0; i < 300; ++i) {
      const double a = i * 0.7, r = i % 2 ? 400 : 150;
      text += QByteArray::number(5000 + r * std::cos(a)) + ';' + QByteArray::number(r * std::sin(a)) + ';' +
              (i % 2 ? "outside" : "inside") + '\n';
    }
    write_file(csv, text);
    const QStringList arguments{"--data", csv, "--steps", "400", "--set", "data.validation_fraction=0.2"};
    const Result r = run_cli(train("plane-rings", run, arguments));
    QVERIFY2(r.code == 0, r.text());
    QVERIFY(QFile::remove(csv));  // the copy is the truth
    const json eval = run_cli({"eval", run, "--json"}).json();
    QCOMPARE(eval.at("points"), json(60));
    QVERIFY(eval.at("accuracy").get<double>() > 0.9);
    QCOMPARE(eval.at("classes")[0].at("name"), json("inside"));
    QCOMPARE(run_cli({"resume", run, "--steps", "410"}).code, 0);
  }
  void bad_files_are_refused_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("says");
    QTest::newRow("empty") << QByteArray() << QByteArray("no points");
    QTest::newRow("nan") << QByteArray("0,0,A\n0,nan,B\n") << QByteArray("row 2, column 2");
    QTest::newRow("1e400") << QByteArray("0,0,A\n0,1e400,B\n") << QByteArray("row 2, column 2");
    QTest::newRow("ragged") << QByteArray("0,0,A\n0,0\n") << QByteArray("row 2");
    QTest::newRow("one class") << QByteArray("0,0,A\n").repeated(20) << QByteArray("one class");
  }
  void bad_files_are_refused() {
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, says);
    const QString csv = folder_.filePath("bad.csv"), run = folder_.filePath("bad");
    write_file(csv, text);
    const Result r = run_cli(train("plane-moons", run, {"--data", csv}));
    QCOMPARE(r.code, 3);
    QVERIFY2(r.err.contains(says) && r.err.contains("bad.csv"), r.text());
    QVERIFY(!QFile::exists(run));
  }

  void the_canvas_is_served() {
    Serve serve;
    const std::string run = folder_.filePath("canvas").toStdString();
    const json info = serve.result({{"cmd", "new"}, {"preset", "plane-spirals"}, {"run", run}});
    QCOMPARE(info.at("task"), json("plane"));
    QCOMPARE(info.at("domains"), json({"A", "B"}));
    const auto points = moe::protocol::plane_points_from_json(serve.result({{"cmd", "data"}}));
    QCOMPARE(points.train.size(), 500);
    QCOMPARE(points.held_out.size(), 4000);
    serve.result({{"cmd", "watch"}, {"what", "plane"}, {"hz", 20}, {"grid", 48}, {"thumb", 16}, {"still_grid", 80}});
    const auto still = moe::protocol::plane_picture_from_json(serve.event("plane"));
    QVERIFY(still.still && still.step == 0 && still.grid == 80 && still.thumb == 16);
    serve.result({{"cmd", "run"}, {"until", 3000}});
    const auto live = moe::protocol::plane_picture_from_json(serve.event("plane"));
    QVERIFY(!live.still && live.step > 0 && live.grid == 48);
    QCOMPARE(live.budget, 0.1);
    QVERIFY(live.seconds > 0 && live.seconds < 1);
    serve.until_state("paused");
    auto last = moe::protocol::plane_picture_from_json(serve.event("plane"));
    while (!last.still) last = moe::protocol::plane_picture_from_json(serve.event("plane"));
    QCOMPARE(last.step, 3000);
    const double sum = std::accumulate(last.area.begin(), last.area.end(), 0.0);
    QVERIFY(std::abs(sum - 1) < 1e-9);
    // What is asked for is what is sent.
    const auto asked =
        moe::protocol::plane_picture_from_json(serve.result({{"cmd", "plane"}, {"grid", 80}, {"thumb", 16}}));
    QVERIFY(asked.owner == last.owner && asked.winner == last.winner && asked.expert_gate == last.expert_gate);
    QVERIFY(asked.expert_winner == last.expert_winner && asked.points == last.points);
    // One cell of the picture is one probed point.
    const std::size_t row = 20, column = 61;
    const auto probe = moe::protocol::plane_probe_from_json(
        serve.result({{"cmd", "probe_point"}, {"x", -1 + (column + 0.5) * 2 / 80}, {"y", 1 - (row + 0.5) * 2 / 80}}));
    QCOMPARE(static_cast<int>(last.owner[row * 80 + column]), probe.chosen.at(0));
    QCOMPARE(static_cast<int>(last.winner[row * 80 + column]), probe.winner);
    const auto e = static_cast<std::size_t>(probe.chosen.at(0));
    QVERIFY(std::abs(probe.base[0] + probe.weights[0] * probe.answers[e * 2] - probe.output[0]) < 1e-4f);
    serve.result({{"cmd", "watch"}, {"what", "plane"}, {"hz", 0}});
    serve.take_events();
    serve.result({{"cmd", "step"}, {"count", 50}});
    serve.until_state("paused");
    for (const json& event : serve.take_events()) QVERIFY(event.at("event") != "plane");
    for (const json& wrong : {json{{"cmd", "probe_point"}, {"x", "0"}}, json{{"cmd", "plane"}, {"layer", 3}},
                              json{{"cmd", "plane"}, {"grid", 100000}}, json{{"cmd", "watch"}, {"what", "birds"}},
                              json{{"cmd", "watch"}, {"what", "plane"}, {"budget", 7}},
                              json{{"cmd", "inspect"}, {"text", "x"}}, json{{"cmd", "stages"}, {"only", "gate"}}}) {
      const json reply = serve.ask(wrong);
      QVERIFY2(!reply.at("ok").get<bool>() && reply.at("error").at("kind") == "usage", wrong.dump().c_str());
    }
  }

  void the_canvas_follows_live_changes() {
    Serve serve;
    const std::string run = folder_.filePath("live").toStdString();
    serve.result({{"cmd", "new"}, {"preset", "plane-blobs"}, {"run", run}});
    serve.result({{"cmd", "watch"}, {"what", "plane"}, {"still_grid", 16}, {"thumb", 8}});
    QCOMPARE(moe::protocol::plane_picture_from_json(serve.event("plane")).experts, 4);
    for (const char* policy : {"noisy_top_k", "sigmoid_top_k", "expert_choice", "softmax_top_k"}) {
      serve.result({{"cmd", "set"}, {"key", "router.policy"}, {"value", policy}});
      const auto still = moe::protocol::plane_picture_from_json(serve.event("plane"));
      const auto asked =
          moe::protocol::plane_picture_from_json(serve.result({{"cmd", "plane"}, {"grid", 16}, {"thumb", 8}}));
      QVERIFY2(still.winner == asked.winner && still.expert_gate == asked.expert_gate, policy);
      serve.result({{"cmd", "stages"}});
      (void)serve.event("plane");
    }
    serve.result({{"cmd", "set"}, {"key", "experts.add"}, {"value", "2"}});
    const auto more = moe::protocol::plane_picture_from_json(serve.event("plane"));
    QCOMPARE(more.experts, 6);
    QCOMPARE(more.area.size(), std::size_t(6));
  }

  void a_step_in_stages_is_a_step() {
    const QString slow = folder_.filePath("stages"), fast = folder_.filePath("steps");
    const json settings{{"router.noise", 0.5}};
    QStringList arguments{"--set",
                          "router.noise=0.5",
                          "--steps",
                          "12",
                          "--at",
                          "4",
                          "train.only=router",
                          "--at",
                          "5",
                          "train.only=all",
                          "--at",
                          "6",
                          "train.only=experts",
                          "--at",
                          "9",
                          "train.only=all"};
    QCOMPARE(run_cli(train("plane-moons", fast, arguments)).code, 0);
    Serve serve;
    serve.result({{"cmd", "new"}, {"preset", "plane-moons"}, {"run", slow.toStdString()}, {"settings", settings}});
    for (int i = 0; i < 4; ++i) {
      const auto s = moe::protocol::plane_stages_from_json(serve.result({{"cmd", "stages"}}));
      QCOMPARE(s.step, i + 1);
      QVERIFY(std::abs(s.task_loss - s.report.loss) < 1e-5);
      QCOMPARE(s.counts, s.report.layers[0].load);
      QCOMPARE(s.noise.size(), s.logits.size());
      QCOMPARE(s.shown, 256);
      for (const auto& u : s.updates) QVERIFY(u.change > 0);
    }
    const auto s = moe::protocol::plane_stages_from_json(serve.result({{"cmd", "stages"}, {"only", "router"}}));
    QCOMPARE(s.only, std::string("router"));
    for (const auto& u : s.updates) QCOMPARE(u.change > 0, u.group == "router");
    QCOMPARE(serve.event("edit").at("after"), json("router"));
    QCOMPARE(serve.event("edit").at("after"), json("all"));
    serve.result({{"cmd", "stages"}});
    serve.result({{"cmd", "step"}, {"count", 3}, {"only", "experts"}});
    serve.until_state("running");
    serve.until_state("paused");
    serve.result({{"cmd", "step"}, {"count", 3}});
    serve.until_state("running");
    serve.until_state("paused");
    serve.result({{"cmd", "shutdown"}});
    const QString name = checkpoints(slow).last();
    QCOMPARE(name, QString("step-00000012"));
    QCOMPARE(read_file(checkpoint_file(slow, name, "model.safetensors")),
             read_file(checkpoint_file(fast, name, "model.safetensors")));
  }

  void only_survives_a_kill() {
    const QString run = folder_.filePath("only"), reference = folder_.filePath("only-reference");
    {
      Serve serve;
      serve.result({{"cmd", "new"}, {"preset", "plane-moons"}, {"run", run.toStdString()}});
      serve.result({{"cmd", "step"}, {"count", 10}});
      serve.until_state("running");
      serve.until_state("paused");
      serve.result({{"cmd", "checkpoint"}});
      serve.result({{"cmd", "pace"}, {"steps_per_second", 20}});
      serve.result({{"cmd", "step"}, {"count", 40}, {"only", "router"}});
      while (serve.event("step").at("step") < 15) {
      }
    }  // killed
    QCOMPARE(run_cli({"resume", run, "--steps", "80"}).code, 0);
    QCOMPARE(run_cli(train("plane-moons", reference,
                           {"--steps", "80", "--at", "10", "train.only=router", "--at", "50", "train.only=all"}))
                 .code,
             0);
    const QString name = checkpoints(reference).last();
    QCOMPARE(read_file(checkpoint_file(run, name, "model.safetensors")),
             read_file(checkpoint_file(reference, name, "model.safetensors")));
  }

  // Twenty pictures at 30 steps a second are two for three steps: waits that boundaries of steps lengthen are made up
  // for. Counted in steps, which a busy machine slows down together with the pictures.
  void slow_steps_are_painted_as_often_as_asked() {
    Serve serve;
    serve.result({{"cmd", "new"}, {"preset", "plane-moons"}, {"run", folder_.filePath("pace").toStdString()}});
    serve.result({{"cmd", "pace"}, {"steps_per_second", 30}});
    serve.result({{"cmd", "watch"}, {"what", "plane"}, {"hz", 20}, {"grid", 16}, {"thumb", 8}, {"budget", 0.9}});
    serve.result({{"cmd", "run"}, {"until", 90}});
    int pictures = 0;
    for (std::int64_t step = 0; step < 90;) {
      const json picture = serve.event("plane");
      step = picture.at("step");
      if (!picture.at("still").get<bool>()) ++pictures;
    }
    QVERIFY2(pictures > 50 && pictures <= 90, QByteArray::number(pictures));
  }

  void steps_are_thinned_and_paced() {
    Serve serve;
    serve.result({{"cmd", "new"}, {"preset", "plane-moons"}, {"run", folder_.filePath("thin").toStdString()}});
    serve.result({{"cmd", "watch"}, {"what", "steps"}, {"hz", 5}});
    serve.result({{"cmd", "run"}, {"until", 1000}});
    serve.until_state("running");
    int steps = 0;
    std::int64_t last = 0;
    for (bool done = false; !done;) {
      serve.ask({{"cmd", "hello"}});
      for (const json& event : serve.take_events()) {
        if (event.at("event") == "step") ++steps, last = event.at("step");
        done |= event.at("event") == "state" && event.at("state") == "paused";
      }
    }
    QCOMPARE(last, 1000);  // the newest is always told
    QVERIFY2(steps < 200, QByteArray::number(steps));
    QCOMPARE(serve.result({{"cmd", "history"}}).at("steps").size(), std::size_t(1000));
    serve.result({{"cmd", "pace"}, {"steps_per_second", 100}});
    QElapsedTimer clock;
    clock.start();
    serve.result({{"cmd", "run"}, {"until", 1040}});
    serve.until_state("running");
    serve.until_state("paused");
    QVERIFY2(clock.elapsed() >= 380, QByteArray::number(clock.elapsed()));
  }

  void a_drawing_is_kept() {
    const QString run = folder_.filePath("drawing");
    json points = json::array();
    for (int i = 0; i < 60; ++i) points.push_back({i % 2 ? 0.5 : -0.5, i / 30.0 - 1, i % 2 ? "right" : "left"});
    const json settings{{"data.points", "drawing"}};
    Serve serve;
    const json command{{"cmd", "new"}, {"preset", "plane-moons"}, {"run", run.toStdString()}, {"settings", settings}};
    json drawn = command, bad = command;
    const json refused = serve.ask(command);
    QVERIFY(!refused.at("ok").get<bool>());
    QVERIFY(refused.at("error").at("message").get<std::string>().find("drawn") != std::string::npos);
    bad["points"] = {{0, 0, "a"}, {3, 0, "b"}};
    QCOMPARE(serve.ask(bad).at("error").at("where"), json("points[1]"));
    bad["points"] = 5;
    QVERIFY(!serve.ask(bad).at("ok").get<bool>());
    QVERIFY(!QFile::exists(run));
    drawn["points"] = points;
    QCOMPARE(serve.result(drawn).at("domains"), json({"left", "right"}));
    const auto sent = moe::protocol::plane_points_from_json(serve.result({{"cmd", "data"}}));
    QCOMPARE(sent.train.size() + sent.held_out.size(), 60);
    QCOMPARE(sent.set, std::string("drawing"));
    serve.result({{"cmd", "run"}, {"until", 300}});
    serve.until_state("running");
    serve.until_state("paused");
    serve.result({{"cmd", "shutdown"}});
    QCOMPARE(run_cli({"eval", run, "--json"}).json().at("accuracy"), json(1.0));
    QCOMPARE(run_cli({"resume", run, "--steps", "310"}).code, 0);
  }
};

QTEST_GUILESS_MAIN(TestCliPlane)
#include "tst_cli_plane.moc"
