// SPDX-License-Identifier: GPL-3.0-or-later
// Layer × expert heat map of the load against the fair share, painted by hand, with a keyboard cursor.
#pragma once
#include <QImage>
#include <QWidget>
#include <optional>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/heat_grid.h"

namespace moe::ui {

class RoutingMapView : public QWidget {
  Q_OBJECT
 public:
  RoutingMapView(RunHistory& history, Selection& selection, QWidget* parent = nullptr);

  /// Takes the window of the history; call when it changed.
  void refresh();
  void setByMass(bool byMass);
  /// Few layers may fill the height: rows up to twice as tall as cells are wide.
  void setRoomy(bool roomy);
  /// The height beyond which rows do not grow.
  int fullHeight() const;
  bool byMass() const { return byMass_; }
  const WindowLoads& loads() const { return loads_; }

  int layers() const { return layers_; }
  int experts() const { return experts_; }
  QRectF cell(int layer, int expert) const { return grid_.cell(layer, expert); }
  ExpertRef cursor() const { return cursor_; }
  /// What the two lines below the map speak of: the hovered cell, else the cursor while focused, else the selection.
  std::optional<ExpertRef> spoken() const;

  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 signals:
  void spokenChanged();

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;
  bool event(QEvent*) override;

 private:
  void layOut();
  double tallestRow() const;
  void recolour();
  std::optional<ExpertRef> at(QPointF point) const;
  void moveCursor(int layers, int experts);
  void paintLabels(QPainter& painter);
  void paintCells(QPainter& painter);
  void paintOutlines(QPainter& painter);
  void paintEmpty(QPainter& painter);

  RunHistory& history_;
  Selection& selection_;
  WindowLoads loads_;
  int layers_ = 0, experts_ = 0;
  bool byMass_ = false, roomy_ = false;
  HeatGrid grid_;
  QImage image_;
  ExpertRef cursor_;
};

}  // namespace moe::ui
