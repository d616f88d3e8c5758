// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/models/panel_table_model.h"

#include <algorithm>
#include <utility>

namespace moe::ui {

void PanelTableModel::setTable(QStringList columns, std::vector<QStringList> rows) {
  if (columns != columns_ || rows.size() != rows_.size()) {
    beginResetModel();
    columns_ = std::move(columns);
    rows_ = std::move(rows);
    endResetModel();
    return;
  }
  const std::vector<QStringList> before = std::exchange(rows_, std::move(rows));
  const int last = columnCount() - 1;
  for (std::size_t r = 0; r < rows_.size() && last >= 0; ++r) {
    if (rows_[r] == before[r]) continue;
    const int row = static_cast<int>(r);
    emit dataChanged(index(row, 0), index(row, last));
  }
}

int PanelTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int PanelTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(columns_.size());
}

QString PanelTableModel::cell(int row, int column) const { return rows_[static_cast<std::size_t>(row)].value(column); }

QVariant PanelTableModel::data(const QModelIndex& index, int role) const {
  if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid)) return {};
  const QString text = cell(index.row(), index.column());
  bool number = false;
  const double value = text.toDouble(&number);  // C locale, as the values are written
  switch (role) {
    case Qt::DisplayRole:
      return text;
    case Qt::EditRole:
      return number ? QVariant(value) : QVariant(text);
    case Qt::TextAlignmentRole:
      return QVariant::fromValue(Qt::AlignVCenter | (number ? Qt::AlignRight : Qt::AlignLeft));
    default:
      return {};
  }
}

QVariant PanelTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (role != Qt::DisplayRole || section < 0) return {};
  if (orientation == Qt::Vertical) return section + 1;
  QString name = columns_.value(section);
  return name.replace(QLatin1Char('_'), QLatin1Char(' '));
}

}  // namespace moe::ui
