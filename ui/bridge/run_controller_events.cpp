// SPDX-License-Identifier: GPL-3.0-or-later
#include <cmath>
#include <utility>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"

namespace moe::ui {
namespace {

constexpr qint64 kBusyMs = 2'000, kHangMs = 60'000;
constexpr double kRateSeconds = 3;  // length of the window of tokens/s and steps/s

QString number(qint64 n) {
  QString digits = QString::number(n);
  for (qsizetype at = digits.size() - 3; at > 0; at -= 3) digits.insert(at, QLatin1Char(','));
  return digits;
}

QString words(const std::string& text) { return QString::fromStdString(text); }

/// "what. limit." → sentence with one full stop.
QString sentence(QString text) {
  text = text.trimmed();
  if (!text.isEmpty() && !text.endsWith(QLatin1Char('.')) && !text.endsWith(QLatin1Char('?')) &&
      !text.endsWith(QLatin1Char('!')))
    text += QLatin1Char('.');
  return text;
}

}  // namespace

void RunController::onHello(const Reply& reply) {
  if (!reply.ok) {
    if (reply.error.kind == "gone") return;
    emit banner({Banner::Error,
                 QStringLiteral("engine"),
                 tr("The engine refused to work with this window: %1").arg(sentence(words(reply.error.message))),
                 words(reply.error.where),
                 {{BannerAction::chooseEngine, tr("Choose moe-cli…")}}});
    emit stateChanged();
    return;
  }
  try {
    hello_ = helloFromJson(reply.result);
  } catch (const std::exception& problem) {
    emit banner({Banner::Error,
                 QStringLiteral("engine"),
                 tr("The engine's greeting cannot be read. It may be of another version than this window."),
                 QString::fromUtf8(problem.what()),
                 {{BannerAction::chooseEngine, tr("Choose moe-cli…")}}});
    return;
  }
  if (hello_.protocol != protocol::kVersion) {
    emit banner({Banner::Error,
                 QStringLiteral("engine"),
                 tr("The engine speaks version %1 of the protocol and this window version %2. Choose an engine of this "
                    "version.")
                     .arg(hello_.protocol)
                     .arg(protocol::kVersion),
                 {},
                 {{BannerAction::chooseEngine, tr("Choose moe-cli…")}}});
    return;
  }
  ready_ = true;
  if (pace_ > 0) engine_.send("pace", {{"steps_per_second", pace_}});  // an engine that was started again
  history_.setKnobs(hello_.knobs);
  emit bannerGone(QStringLiteral("engine"));
  emit greeted();
  emit stateChanged();
  if (const auto next = std::exchange(onceReady_, {})) next();
}

void RunController::opened(const Reply& reply, const ReplyHandler& handler) {
  opening_ = false;
  if (reply.ok) {
    try {
      const protocol::RunInfo info = protocol::run_info_from_json(reply.result);
      const QString state = history_.state();
      const qint64 until = history_.until();
      history_.reset(info);
      // `start` may have reported "running" before this reply.
      if (state == QLatin1String("running"))
        history_.setState(state, until);
      else
        history_.setState(info.step >= info.horizon ? QStringLiteral("finished") : QStringLiteral("paused"),
                          info.horizon);
      rate_.clear();
      saved_.invalidate();
      savedStep_ = info.checkpoints.empty() ? -1 : info.checkpoints.back();
      plane_.askAgain();
      emit runOpened();
    } catch (const std::exception& problem) {
      emit banner({Banner::Error,
                   QStringLiteral("run"),
                   tr("The run was opened, but what the engine told of it cannot be read."),
                   QString::fromUtf8(problem.what()),
                   {}});
    }
  }
  // The engine checks before it closes the open run, but a folder or corpus may fail after that.
  if (!reply.ok && history_.hasRun() && history_.state() == QLatin1String("empty")) history_.clear();
  emit stateChanged();
  if (handler) handler(reply);
}

void RunController::onEvent(const QString& name, const nlohmann::json& message) {
  try {
    if (name == QLatin1String("step")) {
      const StepRecord report = protocol::step_from_json(message);
      if (!rate_.empty() && (report.seconds < rate_.back().seconds || report.step <= rate_.back().step)) rate_.clear();
      if (std::isfinite(report.seconds)) rate_.push_back({report.seconds, report.step, report.tokens});
      while (rate_.size() > 2 && rate_.back().seconds - rate_[1].seconds > kRateSeconds) rate_.pop_front();
      history_.add(report);
    } else if (name == QLatin1String("state")) {
      onState(message);
    } else if (name == QLatin1String("edit")) {
      const protocol::EditEvent edit = protocol::edit_from_json(message);
      history_.add(edit);
      emit knobApplied(words(edit.key), words(edit.before), words(edit.after), edit.step);
    } else if (name == QLatin1String("eval")) {
      history_.add(protocol::eval_from_json(message));
    } else if (name == QLatin1String("probe")) {
      history_.add(std::make_shared<const protocol::ProbeReport>(protocol::probe_from_json(message)));
    } else if (name == QLatin1String("checkpoint")) {
      savedStep_ = message.at("step").get<qint64>();
      saved_.start();
      history_.add(
          CheckpointMark{savedStep_, words(message.value("path", std::string())), message.value("seconds", 0.0)});
    } else if (name == QLatin1String("progress")) {
      emit progress(words(message.value("stage", std::string())), message.value("done", 0.0),
                    message.value("total", 0.0), message.value("documents", qint64{0}));
    } else if (name == QLatin1String("error")) {
      onError(protocol::error_from_json(message));
    }
  } catch (const std::exception& problem) {
    emit banner({Banner::Flag,
                 QStringLiteral("protocol"),
                 tr("A message of the engine (%1) cannot be read. Figures may be missing.").arg(name),
                 QString::fromUtf8(problem.what()),
                 {}});
  }
}

void RunController::onState(const nlohmann::json& message) {
  const QString state = words(message.at("state").get<std::string>());
  const QString before = history_.state();
  if (state != before && state == QLatin1String("running")) rate_.clear();
  if (state == QLatin1String("running")) {
    wasRunning_ = true;
    emit bannerGone(QStringLiteral("run"));
  } else {
    if (state != QLatin1String("failed")) wasRunning_ = false;
    pausing_ = false;
  }
  if (state == QLatin1String("empty") && history_.hasRun() && !opening_) history_.clear();
  const auto until = message.find("until");  // null while the engine holds no run
  history_.setState(state, until != message.end() && until->is_number() ? until->get<qint64>() : history_.until());
  emit stateChanged();
}

QString RunController::safeSentence() const {
  const qint64 safe = safeStep();
  if (!history_.hasRun()) return {};
  return safe >= 0 ? tr("Step %1 is safe.").arg(number(safe)) : tr("No checkpoint had been saved yet.");
}

void RunController::onError(const protocol::ErrorInfo& error) {
  Banner out;
  out.cause = QStringLiteral("run");
  QStringList parts;
  parts << sentence(words(error.what.empty() ? error.message : error.what));
  if (history_.hasRun()) {
    const qint64 safe = error.safe_step >= 0 ? error.safe_step : safeStep();
    parts << (safe >= 0 ? tr("Step %1 is safe.").arg(number(safe)) : tr("No checkpoint had been saved yet."));
    if (error.kind == "diverged" && safe >= 0) {
      out.actions << std::pair(BannerAction::restartHalfRate,
                               tr("Go back to %1 with learning rate ÷ 2").arg(number(safe)));
    } else if (safe >= 0 && history_.state() == QLatin1String("failed")) {
      out.actions << std::pair(BannerAction::restart, tr("Restart from step %1").arg(number(safe)));
    }
  }
  if (!error.action.empty()) parts << sentence(words(error.action));
  out.text = parts.join(QLatin1Char(' '));
  QStringList details;
  if (!error.where.empty()) details << tr("Where: %1").arg(words(error.where));
  if (!error.limit.empty()) details << tr("Limit: %1").arg(words(error.limit));
  if (!error.message.empty() && error.message != error.what) details << words(error.message);
  out.details = details.join(QLatin1Char('\n'));
  emit banner(out);
}

void RunController::onDied(const QString& how) {
  const bool hadRun = history_.hasRun();
  const bool training = hadRun && isRunning();
  wasRunning_ = training || wasRunning_;
  ready_ = opening_ = pausing_ = false;
  onceReady_ = {};
  busy_.clear();
  hangTold_ = false;
  emit busyChanged({});
  emit bannerGone(QStringLiteral("hang"));
  if (hadRun) history_.setState(QStringLiteral("failed"), history_.until());
  Banner out;
  out.cause = QStringLiteral("engine");
  QStringList parts;
  if (!hadRun)
    parts << tr("The engine stopped: %1.").arg(how);
  else if (training)
    parts << tr("Training stopped at step %1: the engine is gone, %2.").arg(number(history_.liveStep()), how);
  else
    parts << tr("The engine is gone: %1.").arg(how);
  if (hadRun) parts << safeSentence();
  out.text = parts.join(QLatin1Char(' '));
  out.details = engine_.log().trimmed();
  if (hadRun && safeStep() >= 0)
    out.actions << std::pair(BannerAction::restart, tr("Restart from step %1").arg(number(safeStep())));
  else if (request_)
    out.actions << std::pair(BannerAction::startAgain, tr("Start the run again"));
  else
    out.actions << std::pair(BannerAction::restart, tr("Start the engine again"));
  emit banner(out);
  emit stateChanged();
}

void RunController::watch() {
  const bool expects = engine_.isRunning() && (isRunning() || engine_.owesReply()) && engine_.silence() > kBusyMs;
  QString now;
  if (expects) {
    const QString seconds = QString::number(static_cast<double>(engine_.silence()) / 1000.0, 'f', 1);
    now = isRunning() ? tr("engine busy (step %1, %2 s)").arg(number(history_.liveStep() + 1), seconds)
                      : tr("engine busy (%1 s)").arg(seconds);
  }
  if (now != busy_) {
    busy_ = now;
    emit busyChanged(busy_);
  }
  const bool stopped = expects && engine_.isStopped();
  if (stopped || (expects && engine_.silence() > kHangMs)) {
    if (hangTold_) return;
    hangTold_ = true;
    Banner out{Banner::Flag, QStringLiteral("hang"), {}, {}, {}};
    out.text = stopped ? tr("The engine is suspended (SIGSTOP or a debugger), so training stands still at step %1. %2")
                             .arg(number(history_.liveStep()), safeSentence())
                       : tr("The engine has said nothing for a minute. %1").arg(safeSentence());
    if (stopped) out.actions << std::pair(BannerAction::wake, tr("Continue"));
    if (safeStep() >= 0)
      out.actions << std::pair(BannerAction::restart, tr("Restart from step %1").arg(number(safeStep())));
    emit banner(out);
  } else if (!expects && hangTold_) {
    hangTold_ = false;
    emit bannerGone(QStringLiteral("hang"));
  }
}

}  // namespace moe::ui
