// SPDX-License-Identifier: GPL-3.0-or-later
// A segment of words of which one is chosen ("choices | weight"), and the logarithmic slider of the map's window.
#pragma once
#include <QSlider>
#include <QStringList>
#include <QWidget>

namespace moe::ui {

class Segment : public QWidget {
  Q_OBJECT
 public:
  explicit Segment(const QStringList& words, QWidget* parent = nullptr);
  int current() const { return current_; }
  void setCurrent(int index);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 signals:
  void chosen(int index);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  double cellWidth(int index) const;
  void describe();
  QStringList words_;
  int current_ = 0;
};

/// 1 … 100 batches in steps that read well.
class WindowSlider : public QSlider {
  Q_OBJECT
 public:
  explicit WindowSlider(QWidget* parent = nullptr);
  int batches() const;
  void setBatches(int count);
  QSize sizeHint() const override;

 signals:
  void batchesChanged(int count);

 protected:
  void paintEvent(QPaintEvent*) override;
};

}  // namespace moe::ui
