// SPDX-License-Identifier: GPL-3.0-or-later
// Commands. Events and the watchdog are in run_controller_events.cpp.
#include "ui/bridge/run_controller.h"

#include <cmath>
#include <limits>

#include "ui/bridge/edit_words.h"
#include "ui/bridge/run_history.h"

namespace moe::ui {

using Fields = nlohmann::ordered_json;

RunController::RunController(RunHistory& history, QObject* parent)
    : QObject(parent), history_(history), plane_(engine_, history) {
  flush_.setInterval(33);
  flush_.setTimerType(Qt::PreciseTimer);
  watch_.setInterval(250);
  connect(&flush_, &QTimer::timeout, &history_, &RunHistory::flush);
  connect(&watch_, &QTimer::timeout, this, &RunController::watch);
  connect(&engine_, &EngineProcess::eventArrived, this, &RunController::onEvent);
  connect(&engine_, &EngineProcess::died, this, &RunController::onDied);
  const auto unreadable = [this](const QString& why) {
    emit banner({Banner::Flag,
                 QStringLiteral("protocol"),
                 tr("The engine sent something that this window does not understand. Figures may be missing."),
                 why,
                 {}});
  };
  connect(&engine_, &EngineProcess::badLine, this, unreadable);
  connect(&plane_, &PlaneHistory::unreadable, this, unreadable);
  connect(&history_, &RunHistory::needHistory, this, &RunController::fetchHistory);
  connect(&history_, &RunHistory::needProbe, this, &RunController::fetchProbe);
  flush_.start();
  watch_.start();
}

RunController::~RunController() = default;

void RunController::startEngine(const QString& wanted) {
  if (!wanted.isEmpty() || program_.isEmpty()) program_ = findEngine(wanted);
  ready_ = false;
  if (program_.isEmpty()) {
    emit banner({Banner::Error,
                 QStringLiteral("engine"),
                 wanted.isEmpty()
                     ? tr("The engine, moe-cli, was not found beside this program or in PATH. Nothing can be trained "
                          "until it is there.")
                     : tr("%1 is no program that can be started. Nothing can be trained until an engine is chosen.")
                           .arg(wanted),
                 {},
                 {{BannerAction::chooseEngine, tr("Choose moe-cli…")}}});
    emit stateChanged();
    return;
  }
  engine_.start(program_);
  engine_.send("hello", {{"protocol", protocol::kVersion}}, [this](const Reply& reply) { onHello(reply); });
}

void RunController::sendNew(const NewRunRequest& request, const ReplyHandler& handler) {
  Fields fields{{"preset", request.preset.toStdString()}, {"settings", request.settings}, {"start", request.start}};
  if (!request.folder.isEmpty()) fields["run"] = request.folder.toStdString();
  if (!request.points.is_null()) fields["points"] = request.points;
  engine_.send("new", fields, [this, request, handler](const Reply& reply) {
    if (reply.ok) request_ = request;
    opened(reply, handler);
  });
}

/// An engine that is gone is started first. The engine itself checks what is asked for before it saves and closes the
/// open run.
void RunController::whenReady(std::function<void()> next, const ReplyHandler& handler) {
  opening_ = true;
  emit stateChanged();
  if (!ready_) {
    onceReady_ = std::move(next);
    if (engine_.isRunning()) return;  // greeted soon
    startEngine();
    if (!program_.isEmpty()) return;
    onceReady_ = {};
    opened({false, 0, {}, {"gone", tr("There is no engine to do it.").toStdString(), "", "", "", "", -1}}, handler);
    return;
  }
  next();
}

void RunController::newRun(const NewRunRequest& request, ReplyHandler handler) {
  whenReady([this, request, handler] { sendNew(request, handler); }, handler);
}

void RunController::openRun(const QString& folder, bool start, ReplyHandler handler, bool readOnly) {
  const auto open = [this, folder, start, handler, readOnly] {
    Fields fields{{"run", folder.toStdString()}, {"start", start}};
    if (readOnly) fields["read_only"] = true;
    engine_.send("open", fields, [this, folder, handler](const Reply& reply) {
      if (reply.ok) request_.reset();
      opened(reply, handler);
      if (reply.ok) return emit bannerGone(QStringLiteral("locked"));
      if (reply.error.kind == "locked") tellLocked(folder, reply.error);
    });
  };
  whenReady(open, handler);
}

void RunController::tellLocked(const QString& folder, const protocol::ErrorInfo& error) {
  locked_ = folder;
  Banner out{Banner::Flag, QStringLiteral("locked"), {}, {}, {}};
  out.text =
      tr("Another program is training the run “%1”. Stop that program to go on with it here, or look at it as it "
         "was saved last.")
          .arg(folder.section(QLatin1Char('/'), -1, -1, QString::SectionSkipEmpty));
  out.details = QString::fromStdString(error.message);
  out.actions << std::pair(BannerAction::openForReading, tr("Open it for reading"));
  emit banner(out);
}

void RunController::openLockedForReading() {
  if (!locked_.isEmpty())
    openRun(
        locked_, false, [this](const Reply& reply) { noticeIfRefused(reply); }, true);
}

void RunController::run() {
  if (!canRun()) return;
  if (history_.state() == QLatin1String("finished")) return runMore(1000);
  engine_.send("run", Fields::object(), [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::runMore(qint64 steps) {
  if (!canRun()) return;
  // On a running engine "1,000 more" extends what it was asked for; else it counts from here.
  const qint64 base = isRunning() ? history_.until() : history_.liveStep();
  engine_.send("run", {{"until", base + steps}}, [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::pause() {
  if (!canRun() || pausing_) return;
  pausing_ = true;
  emit stateChanged();
  engine_.send("pause", Fields::object(), [this](const Reply& reply) {
    pausing_ = false;
    noticeIfRefused(reply);
    emit stateChanged();
  });
}

void RunController::toggleRun() {
  if (isRunning())
    pause();
  else
    run();
}

void RunController::step(int count) {
  if (!canRun() || isRunning()) return;
  engine_.send("step", {{"count", count}}, [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::setPace(double stepsPerSecond) {
  pace_ = stepsPerSecond;
  if (ready_) engine_.send("pace", {{"steps_per_second", stepsPerSecond}});
  emit stateChanged();
}

void RunController::stepOnly(const QString& only) {
  if (!canRun() || isRunning()) return;
  engine_.send("step", {{"count", 1}, {"only", only.toStdString()}},
               [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::restartRun() {
  if (!history_.hasRun()) return;
  NewRunRequest again;
  if (request_) {
    again = *request_;
  } else {  // an opened run: its settings are in what the engine told of it
    again.preset = QString::fromStdString(history_.info().preset);
    again.settings = history_.info().config;
    if (again.settings.is_object() && again.settings.value("data.points", std::string()) == "drawing") {
      again.settings["data.points"] = "file";  // a drawing is kept beside its run
      again.settings["data.path"] = history_.info().path + "/points.csv";
    }
  }
  again.folder.clear();
  newRun(again, [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::checkpoint() {
  if (!canRun()) return;
  engine_.send("checkpoint", Fields::object(), [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::cancelPreparing() {
  if (opening_ && ready_) engine_.send("stop", {{"keep", false}});
}

void RunController::stop(bool keep) {
  if (!canRun()) return;
  engine_.send("stop", {{"keep", keep}}, [this](const Reply& reply) {
    noticeIfRefused(reply);
    if (!reply.ok) return;
    history_.clear();
    emit stateChanged();
  });
}

void RunController::setKnob(const QString& key, const nlohmann::json& value, ReplyHandler handler) {
  engine_.send("set", {{"key", key.toStdString()}, {"value", value}}, std::move(handler));
}

void RunController::revive(std::vector<ExpertRef> experts) {
  if (experts.empty()) return;
  const ExpertRef first = experts.front();
  experts.erase(experts.begin());
  const QString name = QStringLiteral("L%1E%2").arg(layerNumber(first.layer)).arg(first.expert + 1);
  setKnob(QLatin1String(kRevive), name.toStdString(), [this, rest = std::move(experts)](const Reply& reply) {
    noticeIfRefused(reply);
    if (reply.ok) revive(rest);
  });
}

void RunController::addExpert() {
  setKnob(QLatin1String(kAddExpert), "1", [this](const Reply& reply) { noticeIfRefused(reply); });
}

void RunController::removeIdlestExpert() {
  setKnob(QLatin1String(kRemoveExpert), "1", [this](const Reply& reply) { noticeIfRefused(reply); });
}

QString RunController::whyNoExpertEdit() const {
  if (!history_.hasRun()) return tr("No run is open.");
  if (!canRun()) return tr("The engine does not answer.");
  if (!hello_.editsExperts()) return tr("This engine cannot change experts of a running model.");
  if (history_.info().read_only) return tr("This run is open for reading only.");
  if (history_.state() == QLatin1String("failed")) return tr("The run has failed; restart it first.");
  return {};
}

void RunController::inspect(const QString& text, const ReplyHandler& handler) {
  engine_.send("inspect", {{"text", text.toStdString()}}, [this, handler](const Reply& reply) {
    Reply out = reply;
    if (reply.ok) try {
        history_.setOwnTrace(std::make_shared<const protocol::Trace>(protocol::trace_from_json(reply.result)));
      } catch (const std::exception& problem) {
        out.ok = false;
        out.error.message = problem.what();
      }
    if (handler) handler(out);
  });
}

void RunController::exportMetrics(const QString& file, ReplyHandler handler) {
  engine_.send("export", {{"file", file.toStdString()}}, std::move(handler));
}

void RunController::restartEngine(bool halveRate) {
  const QString folder = QString::fromStdString(history_.info().path);
  const bool start = wasRunning_;
  const double rate = numberOf(history_.info().config.value("optim.lr", nlohmann::json()));
  emit bannerGone(QStringLiteral("engine"));
  emit bannerGone(QStringLiteral("hang"));
  emit bannerGone(QStringLiteral("run"));
  engine_.kill();
  onceReady_ = [this, folder, start, halveRate, rate] {
    if (folder.isEmpty()) return;
    opening_ = true;
    Fields fields{{"run", folder.toStdString()}, {"start", start && !halveRate}};
    // The edits after the checkpoint led to the end that is being undone.
    if (halveRate) fields["forget_edits"] = true;
    engine_.send("open", fields, [this, halveRate, rate](const Reply& reply) {
      opened(reply, [this](const Reply& r) { noticeIfRefused(r); });
      if (!reply.ok || !halveRate) return;
      if (std::isfinite(rate)) setKnob(QStringLiteral("optim.lr"), rate / 2);
      run();
    });
  };
  startEngine();
}

void RunController::startAgain() {
  if (!request_) return;
  NewRunRequest again = *request_;
  again.folder.clear();
  emit bannerGone(QStringLiteral("engine"));
  engine_.kill();
  history_.clear();
  onceReady_ = [this, again] { newRun(again, [this](const Reply& reply) { noticeIfRefused(reply); }); };
  startEngine();
}

bool RunController::shutDown(int milliseconds) {
  watch_.stop();
  ready_ = false;
  return engine_.shutDown(milliseconds);
}

bool RunController::isRunning() const { return history_.state() == QLatin1String("running"); }

bool RunController::canRun() const { return ready_ && engine_.isRunning() && history_.hasRun() && !opening_; }

qint64 RunController::safeStep() const {
  return history_.checkpoints().empty() ? -1 : history_.checkpoints().back().step;
}

double RunController::secondsSinceSave() const {
  return saved_.isValid() ? static_cast<double>(saved_.elapsed()) / 1000.0 : -1;
}

double RunController::tokensPerSecond() const {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (rate_.size() < 2) return kNaN;
  const double seconds = rate_.back().seconds - rate_.front().seconds;
  return seconds > 0 ? static_cast<double>(rate_.back().tokens - rate_.front().tokens) / seconds : kNaN;
}

double RunController::stepsPerSecond() const {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  if (rate_.size() < 2) return kNaN;
  const double seconds = rate_.back().seconds - rate_.front().seconds;
  return seconds > 0 ? static_cast<double>(rate_.back().step - rate_.front().step) / seconds : kNaN;
}

double RunController::secondsLeft() const {
  const double rate = stepsPerSecond();
  const auto left = static_cast<double>(history_.until() - history_.liveStep());
  return left >= 0 && rate > 0 ? left / rate : std::numeric_limits<double>::quiet_NaN();
}

void RunController::fetchHistory(qint64 from, qint64 to) {
  engine_.send("history", {{"from", from}, {"to", to}, {"max_rows", 3000}}, [this](const Reply& reply) {
    if (!reply.ok || !reply.result.contains("steps")) return;
    std::vector<StepRecord> reports;
    try {
      for (const auto& row : reply.result.at("steps")) reports.push_back(protocol::step_from_json(row));
    } catch (const std::exception&) {
      return;  // told by badLine when it is the engine's habit; a hole in the past stays a hole
    }
    history_.addMany(std::move(reports));
  });
}

void RunController::fetchProbe(qint64 step) {
  engine_.send("at", {{"step", step}, {"window", 1}}, [this](const Reply& reply) {
    if (!reply.ok || !reply.result.contains("probe") || !reply.result.at("probe").is_object()) return;
    try {
      history_.add(std::make_shared<const protocol::ProbeReport>(protocol::probe_from_json(reply.result.at("probe"))));
    } catch (const std::exception&) {
      return;
    }
  });
}

void RunController::noticeIfRefused(const Reply& reply) {
  if (reply.ok || reply.error.kind == "gone") return;  // its end has a banner of its own
  emit notice(QString::fromStdString(reply.error.message));
}

}  // namespace moe::ui
