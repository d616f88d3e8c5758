// SPDX-License-Identifier: GPL-3.0-or-later
// The one 48-px row: mark, menus, Run, step, restart, stop, +1,000, counter, rates, time left, Live, Find. Run stands
// at the canvas' left edge and never moves.
#pragma once
#include <QTimer>
#include <QWidget>

class QAction;
class QMenu;
class QMenuBar;

namespace moe::ui {

class IconButton;
class LiveChip;
class RunButton;
class RunController;
class Segment;
class SlowMotion;
class SmallButton;
class TypeLabel;

/// Two lines: figure and words.
class Counter : public QWidget {
  Q_OBJECT
 public:
  Counter(bool large, const QString& widest, const QString& name, QWidget* parent = nullptr);
  void put(const QString& figure, const QString& words);
  QString figure() const;
  QString words() const;

 private:
  TypeLabel *figure_, *words_;
};

class HeaderBar : public QWidget {
  Q_OBJECT
 public:
  explicit HeaderBar(RunController& controller, QWidget* parent = nullptr);
  QMenuBar* menuBar() const { return menu_; }
  RunButton* runButton() const { return run_; }
  IconButton* stepButton() const { return step_; }
  IconButton* restartButton() const { return restart_; }
  IconButton* stopButton() const { return stop_; }
  SmallButton* moreButton() const { return more_; }
  LiveChip* liveChip() const { return live_; }
  QWidget* findField() const { return find_; }
  enum Speed { kSlow, kWatch, kFull };
  Segment* speed() const { return speed_; }
  /// Slow motion of runs of points: Run then starts and stops it.
  void setSlowMotion(SlowMotion* slow);
  Counter* stepCounter() const { return counter_; }
  Counter* rateCounter() const { return rate_; }
  Counter* leftCounter() const { return left_; }
  /// What a narrow window leaves out takes no part in its smallest width.
  QSize minimumSizeHint() const override;
  /// x of the Run button's left edge in this bar.
  void setRunX(int pixels);
  void setMenus(QMenu* step, QMenu* stop);

 signals:
  void findWanted();

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void refresh();
  void refreshState();
  RunController& controller_;
  QWidget* leftPart_;
  QMenuBar* menu_;
  RunButton* run_;
  IconButton *step_, *restart_, *stop_;
  SmallButton* more_;
  Counter *counter_, *rate_, *left_;
  LiveChip* live_;
  QWidget* find_;
  Segment* speed_;
  SlowMotion* slow_ = nullptr;
  QTimer clock_;
  QString busy_;
};

}  // namespace moe::ui
