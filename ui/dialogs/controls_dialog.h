// SPDX-License-Identifier: GPL-3.0-or-later
// Which settings the dock, Present and a saved set-up show.
#pragma once
#include <QDialog>
#include <QStringList>

#include "ui/bridge/hello.h"

class QListWidget;

namespace moe::ui {

class ControlsDialog : public QDialog {
  Q_OBJECT
 public:
  /// `task`: settings that only the other task reads are left out. `chosen`: empty means all.
  ControlsDialog(const Hello& hello, const QString& task, const QStringList& chosen, QWidget* parent = nullptr);
  /// Keys in the engine's order; empty: all.
  QStringList chosen() const;
  QListWidget* list() const { return list_; }

 private:
  QListWidget* list_;
};

}  // namespace moe::ui
