// SPDX-License-Identifier: GPL-3.0-or-later
// The canvas: what the model does over the plane, who owns which region, the points, and the probe.
#pragma once
#include <QImage>
#include <QWidget>
#include <optional>

#include "ui/panels/plane_paint.h"

namespace moe::ui {

class PlaneHistory;
class RunHistory;
class Selection;

class PlaneView : public QWidget {
  Q_OBJECT
 public:
  PlaneView(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  ~PlaneView() override;

  void setLayers(const PlaneLayers& layers);
  const PlaneLayers& layers() const { return layers_; }
  /// The plane fills the widget, stretched, instead of the largest square at its left edge.
  void setFilling(bool filling);
  /// Parts of the widget under something else: no label stands there.
  void setCovered(const std::vector<QRectF>& boxes);
  void setProbing(bool on) { probing_ = on; }
  /// Pixels per design pixel of words and points; Present is larger.
  void setMagnification(double factor);
  QRectF area() const;                   // of the plane in the widget
  QPointF placeAt(QPointF pixel) const;  // → canvas [−1,1]², y upwards
  QPointF pixelOf(QPointF place) const;
  const std::vector<RegionLabel>& labels() const { return labels_; }
  /// Expert whose function is shown large, or −1.
  int promoted() const { return promoted_; }
  /// Training points painted; fewer than there are when they are too many.
  int pointsDrawn() const { return drawn_; }
  QSize sizeHint() const override;

 signals:
  void promotedChanged(int expert);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void refresh();
  void rebuild();
  void promote();
  void speak();
  void paintPoints();
  void paintProbe(QPainter& painter) const;
  void paintEmpty(QPainter& painter) const;
  RunHistory& history_;
  PlaneHistory& plane_;
  Selection& selection_;
  PlaneLayers layers_;
  bool filling_ = false, probing_ = true, labelledStill_ = false;
  double magnification_ = 1;
  int promoted_ = -1, drawn_ = 0;
  std::shared_ptr<const protocol::PlanePoints> points_;
  std::shared_ptr<const protocol::PlanePicture> picture_;  // that the images below are of
  QImage image_, grain_;
  std::vector<QRectF> covered_;  // unit square
  std::vector<QLineF> lines_, seams_;
  std::vector<RegionLabel> labels_;
  QPixmap pointMarks_;  // points in the widget's size
};

/// "E1 and E4 tie here", from the probabilities of a probed point; empty when one expert leads clearly.
QString seamSentence(const protocol::PlaneProbe& probe);
/// What is at the probed point, in one sentence.
QString probeSentence(const PlaneHistory& plane, const protocol::PlaneProbe& probe);

}  // namespace moe::ui
