// SPDX-License-Identifier: GPL-3.0-or-later
// Slider of one numeric knob: groove 4, handle 14, a tick at the default, accent only while focused. Log scale where
// the declaration asks for it; Ctrl-drag is fine, double click is the default, the wheel acts only when focused.
#pragma once
#include <QAbstractSlider>

#include "ui/bridge/hello.h"

namespace moe::ui {

class KnobSlider : public QAbstractSlider {
  Q_OBJECT
 public:
  explicit KnobSlider(const KnobSpec& spec, QWidget* parent = nullptr);
  void setKnobValue(double value);
  double knobValue() const { return knob_; }
  bool isDragging() const { return dragging_; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }
  /// Position 0 … 1 of a value, and back; two significant digits on a log scale.
  double position(double value) const;
  double valueAt(double position) const;

 signals:
  /// By the user. Edits of one drag, or of one burst of keys, share `session`.
  void edited(double value, int session);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mouseReleaseEvent(QMouseEvent*) override;
  void mouseDoubleClickEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void wheelEvent(QWheelEvent*) override;

 private:
  void edit(double position);
  void nudge(double steps);
  double groove() const;
  double left() const;
  double handleX() const;
  KnobSpec spec_;
  double knob_ = 0, at_ = 0, grabbedX_ = 0, grabbedAt_ = 0;
  int session_ = 0;
  qint64 lastKey_ = 0;
  bool dragging_ = false;
};

}  // namespace moe::ui
