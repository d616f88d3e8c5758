// SPDX-License-Identifier: GPL-3.0-or-later
// Base of the pictures of one layer that stand on the expert axis (waterfall, load, specialization): pointing at a
// column hovers its expert, clicking selects, Ctrl-click and P pin, ← → move the keyboard's column, Enter selects it.
#pragma once
#include <QWidget>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/expert_axis.h"

namespace moe::ui {

class ExpertColumnView : public QWidget {
  Q_OBJECT
 public:
  ExpertColumnView(RunHistory& history, Selection& selection, QWidget* parent);
  int layer() const { return selection_.layer(); }
  int column() const { return column_; }
  /// Words for what is under the pointer or the keyboard's column; empty when nothing is.
  QString words() const { return words_; }
  virtual ExpertAxis axis() const = 0;

 signals:
  void wordsChanged(const QString& words);

 protected:
  virtual QRectF body() const = 0;  // the columns' area
  /// What is said of an expert at a point of the body.
  virtual QString describe(int expert, QPointF point) const = 0;
  /// Column of the hovered, else of the keyboard's, else of the selected expert of this layer; −1 = none.
  int strongColumn() const;
  void say();
  /// The pointer is over the view; otherwise the keyboard speaks.
  bool pointing() const { return inside_; }
  /// Marks of pins (stroke and shape) and of the selection (bar) over their columns, in a strip of this height.
  void paintColumnMarks(QPainter& painter, double top, double height) const;
  void paintFocus(QPainter& painter) const;

  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;

  RunHistory& history_;
  Selection& selection_;
  QPointF pointer_;

 private:
  int column_ = 0;
  bool inside_ = false;
  QString words_;
};

/// Experts of a layer as the run knows them, 0 without a run.
int expertCount(const RunHistory& history);

}  // namespace moe::ui
