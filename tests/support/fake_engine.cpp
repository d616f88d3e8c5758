// SPDX-License-Identifier: GPL-3.0-or-later
// Scripted stand-in for `moe-cli serve`, so that window tests know every figure. MOE_FAKE is a comma list of
//   refuse_hello  protocol=N  step_ms=N (default 5)  die_at=STEP  nan_at=STEP  garbage  no_checkpoint  refuse_new
//   locked (`open` is refused unless for reading)  silent_open (`open` is never answered)
//   routers (three policies with a knob or two each, many more routing knobs, experts that come and go)
//   stop_at=STEP (pauses there by itself)
//   capacity=N (drops what is above N % of the fair share)  dead (the last expert of every layer gets nothing)
#include <poll.h>
#include <unistd.h>

#include <QString>
#include <QStringList>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "engine/core/knob.h"
#include "tests/support/fake_hello.h"
#include "tests/support/sample_plane.h"
#include "tests/support/sample_run.h"

namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using namespace moe;

class FakeEngine {
 public:
  FakeEngine() {
    shape_.layers = 4;
    shape_.experts = 8;
    shape_.steps = 2000;
    for (const QString& item : QString::fromUtf8(qgetenv("MOE_FAKE")).split(QLatin1Char(','), Qt::SkipEmptyParts))
      script_[item.section(QLatin1Char('='), 0, 0).toStdString()] = item.section(QLatin1Char('='), 1).toLongLong();
    step_ms_ = script_.count("step_ms") ? script_["step_ms"] : 5;
  }

  int serve() {
    while (!ended_) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      const int wait = running_ ? static_cast<int>(step_ms_) : hz_ > 0 && plane_ ? 50 : 1000;
      if (poll(&input, 1, wait) > 0 && !read_input()) break;
      if (running_ && Clock::now() - last_ >= std::chrono::milliseconds(step_ms_)) one_step();
      if (plane_ && hz_ > 0 && open_ && Clock::now() - painted_ >= std::chrono::milliseconds(1000 / hz_)) paint();
    }
    return 0;
  }

 private:
  bool read_input() {
    char bytes[65536];
    const auto count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count <= 0) return false;
    input_.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end; (end = input_.find('\n')) != std::string::npos && !ended_; input_.erase(0, end + 1))
      command(nlohmann::json::parse(input_.substr(0, end)));
    return true;
  }

  void write(const Json& message) {
    const std::string line = message.dump() + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  }
  void event(const char* name, Json fields) {
    Json out{{"event", name}};
    out.update(fields);
    write(out);
  }
  void reply(const nlohmann::json& id, Json result = nullptr) {
    write({{"id", id}, {"ok", true}, {"step", step_}, {"result", std::move(result)}});
  }
  void refuse(const nlohmann::json& id, const char* what, const char* where, const char* limit) {
    write(
        {{"id", id},
         {"ok", false},
         {"step", step_},
         {"error",
          {{"kind", "usage"}, {"message", what}, {"what", what}, {"where", where}, {"limit", limit}, {"action", ""}}}});
  }
  void state(const char* name) { event("state", {{"state", name}, {"step", step_}, {"until", until_}}); }

  void command(const nlohmann::json& c) {
    const auto id = c.at("id");
    const std::string name = c.at("cmd");
    if (name == "hello") return hello(id);
    if (name == "new" || name == "open") return open(id, c);
    if (name == "set") return set(id, c);
    if (name == "run" || name == "step") return go(id, c);
    if (name == "pause") {
      running_ = false;
      state("paused");
      return reply(id);
    }
    if (name == "checkpoint") return reply(id, checkpoint());
    if (name == "stop" || name == "shutdown") {
      running_ = open_ = false;
      state("empty");
      reply(id);
      ended_ = name == "shutdown";
      return;
    }
    if (name == "inspect")
      return reply(id, to_json(test::sampleTrace(shape_, QString::fromStdString(c.at("text")), "your text", -1)));
    if (name == "history") return history(id, c);
    if (name == "at") return reply(id, {{"probe", to_json(*test::sampleProbe(shape_, c.at("step")))}});
    if (plane_ && plane_command(id, name, c)) return;
    if (name == "watch") return watch(id, c);
    if (name == "pace") return reply(id);
    if (name == "export") return reply(id, {{"rows", step_}});
    refuse(id, "There is no such command", "cmd", "");
  }

  void watch(const nlohmann::json& id, const nlohmann::json& c) {
    hz_ = c.value("hz", 20);
    draws_ = c.value("draws", 0);
    painted_step_ = -1;
    painted_ = {};
    reply(id);
  }

  /// A paused run is painted once after each change.
  void paint() {
    if (!running_ && painted_step_ == step_) return;
    painted_ = Clock::now();
    painted_step_ = step_;
    protocol::PlanePicture picture = test::samplePlanePicture(step_, running_ ? 96 : 192, 40, values_);
    if (draws_ > 0 && noisy()) test::addSampleNoise(picture, draws_);
    picture.still = !running_;
    event("plane", to_json(picture));
  }

  bool noisy() const { return info_.config.value("router.noise", 0.0) > 0; }

  protocol::PlaneProbe probe(const nlohmann::json& c) const {
    protocol::PlaneProbe out = test::samplePlaneProbe(c.at("x"), c.at("y"), step_, values_);
    if (noisy()) out.flip_draws = c.value("draws", 0);
    out.flips = out.flip_draws / 5;
    return out;
  }

  bool plane_command(const nlohmann::json& id, const std::string& name, const nlohmann::json& c) {
    if (name == "data") {
      reply(id, to_json(test::samplePlanePoints(240, values_)));
    } else if (name == "plane") {
      reply(id, to_json(test::samplePlanePicture(step_, 96, 40, values_)));
    } else if (name == "probe_point") {
      reply(id, to_json(probe(c)));
    } else if (name == "stages") {
      running_ = false;
      ++step_;
      event("step", protocol::to_json(test::samplePlaneStep(step_)));
      state("paused");
      reply(id, to_json(test::samplePlaneStages(step_, c.value("only", "all"))));
    } else {
      return false;
    }
    return true;
  }

  void hello(const nlohmann::json& id) {
    if (script_.count("refuse_hello")) return refuse(id, "This engine is of another version", "protocol", "1");
    if (script_.count("garbage")) std::cout << "this is no JSON\n" << std::flush;
    Json knobs_json = Json::array();
    for (const Knob& knob : knobs()) knobs_json.push_back(to_json(knob));
    Json greeting{{"version", "0.0-fake"}, {"protocol", script_.count("protocol") ? script_["protocol"] : 1},
                  {"device", "none"},      {"devices", Json::array({"none"})},
                  {"threads", 1},          {"bf16_pays", false},
                  {"knobs", knobs_json},   {"presets", test::fakePresets()},
                  {"pid", getpid()}};
    if (script_.count("routers")) test::addRouters(greeting);
    if (script_.count("cuda"))  // 1: there is one
      greeting["cuda"] = {{"usable", script_["cuda"] == 1},
                          {"text", script_["cuda"] == 1 ? "NVIDIA H100, cuBLAS 13.0"
                                                        : "train.device: no NVIDIA driver was found (libcuda.so.1) (a "
                                                          "driver for CUDA 13 or later). Install the driver, or train "
                                                          "with --device cpu."}};
    for (const Json& knob : greeting["knobs"]) fallbacks_[knob["key"]] = knob["default"];
    reply(id, greeting);
  }

  void open(const nlohmann::json& id, const nlohmann::json& c) {
    const bool made = c.at("cmd") == "new";
    if (!made && script_.count("silent_open")) return;
    if (made && c.contains("settings")) {
      const auto experts = c.at("settings").value("model.experts", 8);
      if (experts < 1 || experts > 4096)
        return refuse(id, "model.experts is out of range", "model.experts", "1 to 4096");
      if (c.at("settings").contains("data.path") &&
          access(c.at("settings").at("data.path").get<std::string>().c_str(), R_OK) != 0)
        return refuse(id, "The file cannot be read", "data.path", "");
    }
    if (!made && script_.count("locked") && !c.value("read_only", false)) {
      Json error{{"kind", "locked"}, {"message", "Another program holds the run"}, {"what", ""}, {"where", ""}};
      return write({{"id", id}, {"ok", false}, {"step", step_}, {"error", error}});
    }
    if (script_.count("refuse_new")) return refuse(id, "The disk is full", "/runs", "38 MB");
    if (open_) state("empty");
    event("progress", {{"stage", "tokens"}, {"done", 1}, {"total", 2}, {"documents", 3}});
    plane_ =
        (made ? c.value("preset", std::string()) : c.at("run").get<std::string>()).find("plane") != std::string::npos;
    if (c.contains("points")) drawn_ = c.at("points").size();
    painted_step_ = -1;
    values_ = made && c.value("preset", std::string()) == "plane-wave";
    info_ = plane_ ? test::samplePlaneInfo(values_) : test::sampleInfo(shape_);
    if (made) info_.preset = c.value("preset", std::string());
    if (!plane_) info_.path = made ? "/tmp/fake-run" : c.at("run").get<std::string>();
    for (const auto& [key, value] : fallbacks_.items()) info_.config[key] = value;
    shape_.experts = 8;
    if (made && c.contains("settings"))
      for (const auto& [key, value] : c.at("settings").items()) info_.config[key] = value;
    info_.config["router.top_k"] = plane_ ? 1 : 2;
    info_.config["data.task"] = info_.task;
    info_.data += drawn_ > 0 ? " Drawn: " + std::to_string(drawn_) + " points." : "";
    info_.horizon = until_ = 400;
    info_.read_only = c.value("read_only", false);
    step_ = made ? 0 : saved_;
    info_.step = step_;
    if (!made) info_.checkpoints = {saved_};
    open_ = true;
    reply(id, to_json(info_));
    state("paused");
    if (c.value("start", false)) start(info_.horizon);
  }

  void start(std::int64_t until) {
    until_ = until;
    running_ = true;
    state("running");
  }

  void go(const nlohmann::json& id, const nlohmann::json& c) {
    if (!open_) return refuse(id, "No run is open", "", "");
    const bool single = c.at("cmd") == "step";
    only_ = c.value("only", "all");
    reply(id);
    if (only_ != "all") event("edit", {{"step", step_}, {"key", "train.only"}, {"before", "all"}, {"after", only_}});
    start(single ? step_ + c.at("count").get<std::int64_t>() : c.value("until", info_.horizon));
  }

  void set(const nlohmann::json& id, const nlohmann::json& c) {
    const std::string key = c.at("key");
    const auto& value = c.at("value");
    if (key.rfind("experts.", 0) == 0) return editExperts(id, key, value);
    if (key == "router.top_k" && value.get<int>() > shape_.experts)
      return refuse(id, "Top-k is larger than the experts of a layer", "router.top_k", "1 to 8");
    if (key == "router.noise" && value.get<double>() > 100)
      return refuse(id, "router.noise is out of range", "router.noise", "0 to 100");
    const auto text = [](const Json& v) { return v.is_string() ? v.get<std::string>() : v.dump(); };
    const std::string before = text(info_.config[key]), after = text(Json(value));
    info_.config[key] = value;
    if (before != after) event("edit", {{"step", step_}, {"key", key}, {"before", before}, {"after", after}});
    reply(id, {{"key", key}, {"before", before}, {"after", after}, {"applied_at", step_}});
  }

  void editExperts(const nlohmann::json& id, const std::string& key, const nlohmann::json& value) {
    const std::string word = value.is_string() ? value.get<std::string>() : "";
    if (!script_.count("routers")) return refuse(id, "There is no such setting", key.c_str(), "");
    const int by = key == "experts.add" ? 1 : key == "experts.remove" ? -1 : 0;
    if (by < 0 && shape_.experts <= 2) return refuse(id, "A layer keeps at least two experts", key.c_str(), "2");
    event("edit", {{"step", step_}, {"key", key}, {"before", ""}, {"after", word}});
    if (by != 0) {
      const std::string before = std::to_string(shape_.experts), after = std::to_string(shape_.experts + by);
      shape_.experts += by;
      event("edit", {{"step", step_}, {"key", "model.experts"}, {"before", before}, {"after", after}});
    } else {
      revived_ = true;
    }
    reply(id, {{"key", key}, {"before", ""}, {"after", word}, {"applied_at", step_}});
  }

  Json record(std::int64_t step) {
    if (plane_) return protocol::to_json(test::samplePlaneStep(step, values_));
    protocol::StepReport report = test::sampleStep(shape_, step);
    for (auto& layer : report.layers)
      if (script_.count("dead") && !revived_) layer.load.back() = 0;
    if (!script_.count("capacity")) return protocol::to_json(report);
    return protocol::to_json(test::withCapacity(std::move(report), static_cast<double>(script_["capacity"]) / 100));
  }

  Json checkpoint() {
    saved_ = step_;
    const Json out{{"path", "/tmp/fake-run/checkpoints"}, {"step", step_}, {"seconds", 0.01}};
    event("checkpoint", out);
    return out;
  }

  void history(const nlohmann::json& id, const nlohmann::json& c) {
    const auto from = c.at("from").get<std::int64_t>(), to = std::min(c.at("to").get<std::int64_t>(), step_);
    const auto stride = std::max<std::int64_t>(1, (to - from + 1) / c.value("max_rows", std::int64_t{1000}));
    Json steps = Json::array();
    for (auto s = std::max<std::int64_t>(from, 1); s <= to; s += stride) steps.push_back(record(s));
    reply(id, {{"steps", steps}, {"stride", stride}});
  }

  void one_step() {
    last_ = Clock::now();
    ++step_;
    event("step", record(step_));
    if (script_.count("die_at") && step_ == script_["die_at"]) std::raise(SIGKILL);
    if (script_.count("nan_at") && step_ == script_["nan_at"]) {
      running_ = false;
      state("failed");
      event("error", {{"kind", "diverged"},
                      {"message", "The loss became NaN"},
                      {"what", "The loss became NaN at step " + std::to_string(step_)},
                      {"where", "loss"},
                      {"limit", ""},
                      {"action", ""},
                      {"safe_step", saved_}});
      return;
    }
    if (step_ % 20 == 0 && !script_.count("no_checkpoint")) checkpoint();
    if (step_ % 20 == 0) {
      protocol::EvalReport eval;
      eval.step = step_;
      eval.loss = 3;
      if (plane_) (values_ ? eval.r2 : eval.accuracy) = 0.9, eval.tokens = 240;
      eval.domain_loss = {2.6, 2.7, 2.2, 1.2, 1.3, 1.0, 1.0, 1.4};
      event("eval", protocol::to_json(eval));
      if (!plane_) event("probe", to_json(*test::sampleProbe(shape_, step_)));
    }
    if (step_ < until_ && !(script_.count("stop_at") && step_ == script_["stop_at"])) return;
    running_ = false;
    state(step_ >= info_.horizon ? "finished" : "paused");
  }

  test::SampleShape shape_;
  std::map<std::string, std::int64_t> script_;
  protocol::RunInfo info_;
  Json fallbacks_ = Json::object();
  std::string input_, only_ = "all";
  bool plane_ = false, values_ = false;
  int hz_ = 0, draws_ = 0;
  std::size_t drawn_ = 0;
  std::int64_t painted_step_ = -1;
  Clock::time_point painted_;
  std::int64_t step_ = 0, until_ = 0, saved_ = -1, step_ms_ = 5;
  bool open_ = false, running_ = false, ended_ = false, revived_ = false;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

int main() { return FakeEngine().serve(); }
