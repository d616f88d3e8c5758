// SPDX-License-Identifier: GPL-3.0-or-later
// Labels that take type and colour from the theme and follow it.
#pragma once
#include <QLabel>

#include "ui/widgets/theme.h"

namespace moe::ui {

class TypeLabel : public QLabel {
  Q_OBJECT
 public:
  TypeLabel(const QString& text, Type type, Role role, QWidget* parent = nullptr);
  void setRole(Role role);
  void setType(Type type);
  /// Keeps the width of the widest of these texts, so that a live figure never moves its neighbours.
  void reserve(const QString& widest);
  /// Gives way when space is short: "Evaluation wi…".
  void setElided(bool on);
  QSize minimumSizeHint() const override;

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void dress();
  Type type_;
  Role role_;
  QString widest_;
  bool elided_ = false;
};

/// When a knob acts: an accent dot "live", or ↻ "new run" in text3.
class BadgeLabel : public QWidget {
  Q_OBJECT
 public:
  explicit BadgeLabel(bool live, QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;  // the mark alone
  QString word() const;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  bool live_;
};

/// A hairline in the theme's line colour.
class Hairline : public QWidget {
  Q_OBJECT
 public:
  explicit Hairline(Qt::Orientation orientation, QWidget* parent = nullptr);

 protected:
  void paintEvent(QPaintEvent*) override;
};

/// Fills a widget's background with a role and keeps it when the theme changes.
void setGround(QWidget* widget, Role role);

}  // namespace moe::ui
