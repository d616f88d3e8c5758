// SPDX-License-Identifier: GPL-3.0-or-later
// "Revive" on the expert card, with what it does, why it cannot be done now, or when it was done.
#pragma once
#include <QWidget>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"

class QPushButton;

namespace moe::ui {

class TypeLabel;

class ReviveLine : public QWidget {
  Q_OBJECT
 public:
  explicit ReviveLine(RunHistory& history, QWidget* parent = nullptr);
  /// Whether this engine can revive experts at all, and why it cannot now (empty: it can).
  void allow(bool offered, const QString& whyNot);
  /// `ratio`: the expert's share against the fair share.
  void show(const ExpertRef& ref, double ratio);
  QPushButton* button() const { return button_; }
  QString note() const;

 signals:
  void wanted(const moe::ui::ExpertRef& expert);

 private:
  void refresh();
  RunHistory& history_;
  ExpertRef ref_;
  double ratio_ = 1;
  bool offered_ = false;
  QString whyNot_;
  QPushButton* button_;
  TypeLabel* note_;
};

}  // namespace moe::ui
