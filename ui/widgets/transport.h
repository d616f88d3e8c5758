// SPDX-License-Identifier: GPL-3.0-or-later
// Strip at the foot of the window: step back, play back, step on, state of the checkpoints, and the timeline.
#pragma once
#include <QTimer>
#include <QWidget>

namespace moe::ui {

class IconButton;
class RunController;
class RunHistory;
class TimelineView;
class TypeLabel;

class Transport : public QWidget {
  Q_OBJECT
 public:
  explicit Transport(RunController& controller, QWidget* parent = nullptr);
  TimelineView* timeline() const { return timeline_; }
  bool isPlaying() const { return playing_.isActive(); }
  void togglePlay();
  /// Width of the controls, so that the axis starts under the canvas.
  void setLeftWidth(int pixels);
  QString savedWords() const;

 private:
  void tick();
  void refresh();
  RunController& controller_;
  RunHistory& history_;
  QTimer playing_, clock_;
  QWidget* controls_;
  IconButton *back_, *play_, *forward_;
  TypeLabel* saved_;
  TimelineView* timeline_;
};

}  // namespace moe::ui
