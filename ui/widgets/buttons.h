// SPDX-License-Identifier: GPL-3.0-or-later
// Run button, icon buttons, the Live chip and underlined actions: own paint, one look in both themes.
#pragma once
#include <QAbstractButton>
#include <QToolButton>

#include "ui/widgets/icons.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

/// Same place, width and fill in each state; only glyph and word change.
class RunButton : public QAbstractButton {
  Q_OBJECT
 public:
  enum State { Idle, Running, Waiting, NoRun };
  explicit RunButton(QWidget* parent = nullptr);
  void setState(State state, const QString& reason = {});
  State state() const { return state_; }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  State state_ = NoRun;
};

/// 20-px icon that follows the theme; with a menu it shows a small chevron at its right.
class IconButton : public QToolButton {
  Q_OBJECT
 public:
  IconButton(Icon icon, const QString& name, QWidget* parent = nullptr);
  void setIconKind(Icon icon);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Icon icon_;
};

/// Outlined button of control height: "+1,000", "×2".
class SmallButton : public QAbstractButton {
  Q_OBJECT
 public:
  SmallButton(const QString& text, const QString& name, QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;
};

/// "● Live", or "Step 6,900 · back to live" in flag colours.
class LiveChip : public QAbstractButton {
  Q_OBJECT
 public:
  explicit LiveChip(QWidget* parent = nullptr);
  void setView(bool live, qint64 step);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  bool live_ = true;
};

/// Underlined words that act.
class LinkButton : public QAbstractButton {
  Q_OBJECT
 public:
  LinkButton(const QString& text, Role ink, QWidget* parent = nullptr);
  void setRole(Role ink);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  Role ink_;
};

/// 2-px accent ring inside `rect`, for own-painted controls that have the keyboard focus.
void paintFocusRing(QPainter& painter, const QRectF& rect, qreal radius);

}  // namespace moe::ui
