// SPDX-License-Identifier: GPL-3.0-or-later
// One picture for each expert of the plane: where the gate asks it and what it alone would answer. Pointing at one
// shows it on the large canvas, a click selects it.
#pragma once
#include <QElapsedTimer>
#include <QImage>
#include <QWidget>

#include <memory>

#include "ui/widgets/panel.h"

namespace moe::protocol {
struct PlanePicture;
}

namespace moe::ui {

class PlaneHistory;

class ExpertThumbs : public QWidget {
  Q_OBJECT
 public:
  ExpertThumbs(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  QRectF thumbBox(int expert) const;  // the picture of an expert, in this widget
  int expertAt(QPointF pixel) const;  // −1: none
  int experts() const;
  QSize sizeHint() const override;
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  int heightOf(int columns, int width) const;

 protected:
  void paintEvent(QPaintEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusOutEvent(QFocusEvent*) override;

 private:
  void paintOne(QPainter& painter, const protocol::PlanePicture& picture, int expert);
  int columns() const;
  double sideFor(int columns) const;
  double side() const;
  void speak();
  RunHistory& history_;
  PlaneHistory& plane_;
  Selection& selection_;
};

class ExpertThumbsPanel : public Panel {
  Q_OBJECT
 public:
  ExpertThumbsPanel(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  PanelTable table() const override;
  ExpertThumbs* thumbs() const { return thumbs_; }
  int heightFor(int width) const;

 protected:
  void refresh() override;

 private:
  PlaneHistory& plane_;
  ExpertThumbs* thumbs_;
  std::shared_ptr<const protocol::PlanePicture> shown_;
  QElapsedTimer since_;
};

}  // namespace moe::ui
