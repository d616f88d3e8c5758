// SPDX-License-Identifier: GPL-3.0-or-later
// A small word that acts, as quiet as the note beside it; with a menu it shows a chevron, checked it is in accent.
#pragma once
#include <QAbstractButton>

class QMenu;

namespace moe::ui {

class WordButton : public QAbstractButton {
  Q_OBJECT
 public:
  explicit WordButton(QWidget* parent = nullptr);
  void setMenu(QMenu* menu);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;
  void enterEvent(QEnterEvent*) override;
  void leaveEvent(QEvent*) override;

 private:
  QMenu* menu_ = nullptr;
};

}  // namespace moe::ui
