// SPDX-License-Identifier: GPL-3.0-or-later
// An empty plane on which the mouse (or arrow keys and Space) sets points of two to eight classes; "Train on this"
// hands them over.
#pragma once
#include <QDialog>
#include <QPointF>
#include <nlohmann/json.hpp>
#include <vector>

#include "ui/widgets/class_mark.h"

class QPushButton;

namespace moe::ui {

class Segment;
class TypeLabel;

struct DrawnPoint {
  QPointF at;  // on the canvas [−1,1]², y upwards
  int label = 0;
};

/// The empty canvas. A drag sprays points a little apart; the right button, or Shift, sets the class that was chosen
/// before the present one.
class DrawCanvas : public QWidget {
  Q_OBJECT
 public:
  explicit DrawCanvas(QWidget* parent = nullptr);
  void setLabel(int label);
  int label() const { return label_; }
  const std::vector<DrawnPoint>& points() const { return points_; }
  void setPoints(std::vector<DrawnPoint> points);
  void undo();   // the last stroke
  void clear();  // can be undone
  QPointF pen() const { return pen_; }
  QSize sizeHint() const override;

 signals:
  void changed();
  void labelWanted(int label);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  QRectF area() const;
  QPointF placeAt(QPointF pixel) const;
  QPointF pixelOf(QPointF place) const;
  void add(QPointF place, int label);
  std::vector<DrawnPoint> points_;
  std::vector<std::vector<DrawnPoint>> past_;
  QPointF pen_;
  int label_ = 0, before_ = 1, strokeLabel_ = 0;
};

class DrawPointsDialog : public QDialog {
  Q_OBJECT
 public:
  static constexpr int kLeast = 10, kMost = 20'000, kMostClasses = kClassMarks;
  explicit DrawPointsDialog(QWidget* parent = nullptr);
  DrawCanvas* canvas() const { return canvas_; }
  QPushButton* trainButton() const { return train_; }
  QString words() const;
  Segment* classes() const { return class_; }
  /// [[x, y, class], …] as the command `new` takes it; classes by their letters.
  nlohmann::ordered_json points() const;

 private:
  void refresh();
  DrawCanvas* canvas_;
  Segment* class_;
  TypeLabel* words_;
  QPushButton* train_;
};

}  // namespace moe::ui
