// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/slow_motion.h"

#include <utility>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"

namespace moe::ui {
namespace {
constexpr int kLastStage = 7;
}

SlowMotion::SlowMotion(RunController& controller, QObject* parent) : QObject(parent), controller_(controller) {
  timer_.setInterval(kStageMs);
  connect(&timer_, &QTimer::timeout, this, &SlowMotion::advance);
  connect(&controller.history(), &RunHistory::runChanged, this, &SlowMotion::leave);
  connect(&controller, &RunController::stateChanged, this, [this] {
    if (on_ && (!controller_.canRun() || controller_.isRunning()) && !asking_) leave();
  });
}

void SlowMotion::setStageMs(int milliseconds) { timer_.setInterval(milliseconds); }

void SlowMotion::setOnly(const QString& only) {
  only_ = only;
  emit changed();
}

void SlowMotion::setOn(bool on) {
  if (on == on_ || (on && (!controller_.canRun() || !controller_.plane().active()))) return;
  if (!on) {
    const bool resume = wasRunning_;
    leave();
    if (resume) controller_.run();
    return;
  }
  on_ = playing_ = true;
  wasRunning_ = controller_.isRunning();
  timer_.start();
  fetch();
  emit changed();
}

void SlowMotion::leave() {
  if (!on_) return;
  on_ = playing_ = wasRunning_ = asking_ = false;
  timer_.stop();
  controller_.plane().showStage(nullptr, -1);
  emit changed();
}

void SlowMotion::togglePlay() {
  if (!on_) return;
  playing_ = !playing_;
  if (playing_) {
    advance();
    timer_.start();
  } else {
    timer_.stop();
  }
  emit changed();
}

void SlowMotion::advance() {
  if (!on_ || asking_) return;
  PlaneHistory& plane = controller_.plane();
  if (!plane.stages() || plane.stage() >= kLastStage) return fetch();
  plane.showStage(plane.stages(), plane.stage() + 1);
}

void SlowMotion::nextStep() {
  if (on_ && !asking_) fetch();
}

/// One step of training; the engine pauses a running run first.
void SlowMotion::fetch() {
  asking_ = true;
  const auto answered = [this](const Reply& reply) {
    if (!std::exchange(asking_, false) || !on_) return;
    if (!reply.ok) {
      leave();
      emit controller_.notice(QString::fromStdString(reply.error.message));
      return;
    }
    try {
      controller_.plane().showStage(
          std::make_shared<const protocol::PlaneStages>(protocol::plane_stages_from_json(reply.result)), 0);
    } catch (const std::exception& problem) {
      leave();
      emit controller_.notice(QString::fromUtf8(problem.what()));
      return;
    }
    if (playing_) timer_.start();
  };
  controller_.engine().send("stages", {{"only", only_.toStdString()}}, ifAlive(this, answered));
}

}  // namespace moe::ui
