// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAction>
#include <QDialog>

class QTreeWidget;

namespace moe::ui {

/// Every command with its keys, and the keys of the map and the timeline; a field filters them.
class ShortcutsDialog : public QDialog {
  Q_OBJECT
 public:
  explicit ShortcutsDialog(const QList<QAction*>& commands, QWidget* parent = nullptr);
  int rows() const;

 private:
  void filter(const QString& words);
  QTreeWidget* list_;
};

}  // namespace moe::ui
