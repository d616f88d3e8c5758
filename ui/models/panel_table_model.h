// SPDX-License-Identifier: GPL-3.0-or-later
// "Show as table": the plain values of any panel in a standard table view, the shortest way for a screen reader.
#pragma once
#include <QAbstractTableModel>

#include "ui/widgets/panel.h"

namespace moe::ui {

class PanelTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  /// Replaces the values. With the same columns and number of rows only changed cells are announced, so that a view
  /// keeps its place, selection and order while training goes on.
  void setTable(PanelTable table);
  const PanelTable& table() const { return table_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  /// DisplayRole: the text; EditRole: a number where the text is one, so that sorting is numeric.
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString cell(int row, int column) const;
  PanelTable table_;
};

}  // namespace moe::ui
