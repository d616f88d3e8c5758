// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDialog>

class QTableView;

namespace moe::ui {

class Panel;

/// The values behind a panel as a plain table: for reading, for screen readers, for copying.
class TableDialog : public QDialog {
  Q_OBJECT
 public:
  explicit TableDialog(Panel& panel, QWidget* parent = nullptr);
  QTableView* view() const { return view_; }

 private:
  void copySelection() const;
  QTableView* view_;
};

}  // namespace moe::ui
