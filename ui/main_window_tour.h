// SPDX-License-Identifier: GPL-3.0-or-later
// A tour of the window in at most five stops: a bubble that points at one part after the other.
#pragma once
#include <QList>
#include <QPointer>
#include <QWidget>

namespace moe::ui {

class LinkButton;
class TypeLabel;

struct TourStop {
  QPointer<QWidget> target;
  QString title, words;
};

class TourBubble : public QWidget {
  Q_OBJECT
 public:
  static constexpr int kMostStops = 5;
  /// Stands over `window`; stops whose target cannot be seen are left out.
  TourBubble(const QList<TourStop>& stops, QWidget* window);
  int stop() const { return stop_; }  // 0-based
  int stops() const { return static_cast<int>(stops_.size()); }
  QString title() const;
  QWidget* target() const { return stops_.value(stop_).target; }
  LinkButton* nextButton() const { return next_; }
  LinkButton* skipButton() const { return skip_; }

 signals:
  void ended();

 protected:
  void paintEvent(QPaintEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void go(int stop);
  void place();
  QList<TourStop> stops_;
  int stop_ = 0;
  Qt::Edge tail_ = Qt::TopEdge;  // of the bubble, where the target is
  double tailAt_ = 0;            // along that edge
  TypeLabel *title_, *words_, *count_;
  LinkButton *skip_, *next_;
};

}  // namespace moe::ui
