// SPDX-License-Identifier: GPL-3.0-or-later
// The whole run on one step axis: hill of the worst layer's load CV, checkpoints, pennants of edits, playhead. Scrubbed
// by mouse and keyboard: ←/→ one step (Shift ten), Ctrl+←/→ between flags, Page keys a tenth, Home, End = live.
#pragma once
#include <QTimer>
#include <QWidget>
#include <vector>

namespace moe::ui {

class RunHistory;

class TimelineView : public QWidget {
  Q_OBJECT
 public:
  explicit TimelineView(RunHistory& history, QWidget* parent = nullptr);
  qint64 stepAt(double x) const;
  double xOf(qint64 step) const;
  /// Moves by `steps` from what is shown; past the newest step is live again.
  void moveBy(qint64 steps);
  void moveToFlag(int direction);
  /// Words of a pennant; empty when another flag of the same step tells it.
  QString flagWords(std::size_t index) const;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  bool event(QEvent*) override;

 private:
  void refresh();
  void measureHill();
  void scrub(double x);
  void announce();
  double left() const;
  double right() const;
  void paintHill(QPainter& p) const;
  void paintAxis(QPainter& p) const;
  void paintFlags(QPainter& p) const;
  void paintPlayhead(QPainter& p) const;
  RunHistory& history_;
  std::vector<float> hill_;  // highest CV of each pixel column, NaN = no step
  float hillTop_ = 0.5f;
  double hoverX_ = -1;
  qint64 measuredAt_ = 0;
  QTimer later_;  // the newest steps of a run that stands are measured too
};

}  // namespace moe::ui
