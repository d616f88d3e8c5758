// SPDX-License-Identifier: GPL-3.0-or-later
// Slow motion of a run of points: one training step after the other, each shown in its eight stages.
#pragma once
#include <QObject>
#include <QTimer>

namespace moe::ui {

class RunController;

class SlowMotion : public QObject {
  Q_OBJECT
 public:
  static constexpr int kStageMs = 700;

  explicit SlowMotion(RunController& controller, QObject* parent = nullptr);
  bool isOn() const { return on_; }
  bool isPlaying() const { return playing_; }
  /// On: a running run is paused and its steps are shown; off: a run that ran goes on at full speed.
  void setOn(bool on);
  /// Ends where it is; nothing is started.
  void leave();
  /// Space in slow motion: stands still at the stage, or goes on.
  void togglePlay();
  /// The next stage at once; after the last one, the next step.
  void advance();
  /// Leaves the stages that are left.
  void nextStep();
  /// What each step changes: "all", "router" or "experts".
  void setOnly(const QString& only);
  const QString& only() const { return only_; }
  void setStageMs(int milliseconds);

 signals:
  void changed();

 private:
  void fetch();
  RunController& controller_;
  QTimer timer_;
  QString only_ = QStringLiteral("all");
  bool on_ = false, playing_ = false, wasRunning_ = false, asking_ = false;
};

}  // namespace moe::ui
