// SPDX-License-Identifier: GPL-3.0-or-later
// "Show as table": the plain values of any panel in a standard table view, the shortest way for a screen reader.
#pragma once
#include <QAbstractTableModel>
#include <QStringList>
#include <vector>

namespace moe::ui {

class PanelTableModel : public QAbstractTableModel {
  Q_OBJECT
 public:
  using QAbstractTableModel::QAbstractTableModel;
  /// Replaces the values. With the same columns and number of rows only changed cells are announced, so that a view
  /// keeps its place, selection and order while training goes on.
  void setTable(QStringList columns, std::vector<QStringList> rows);
  /// The same from a panel's table, or anything else with columns and rows.
  template <class Table>
  void setTable(Table table) {
    setTable(std::move(table.columns), std::move(table.rows));
  }
  const QStringList& columns() const { return columns_; }
  const std::vector<QStringList>& rows() const { return rows_; }

  int rowCount(const QModelIndex& parent = {}) const override;
  int columnCount(const QModelIndex& parent = {}) const override;
  /// DisplayRole: the text; EditRole: a number where the text is one, so that sorting is numeric.
  QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

 private:
  QString cell(int row, int column) const;
  QStringList columns_;
  std::vector<QStringList> rows_;
};

}  // namespace moe::ui
