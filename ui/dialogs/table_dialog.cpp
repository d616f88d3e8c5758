// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/table_dialog.h"

#include <QAbstractTableModel>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QGuiApplication>
#include <QHeaderView>
#include <QShortcut>
#include <QTableView>
#include <QVBoxLayout>

#include "ui/widgets/labels.h"
#include "ui/widgets/panel.h"

namespace moe::ui {
namespace {

class PlainModel : public QAbstractTableModel {
 public:
  PlainModel(PanelTable table, QObject* parent) : QAbstractTableModel(parent), table_(std::move(table)) {}
  int rowCount(const QModelIndex& parent) const override {
    return parent.isValid() ? 0 : static_cast<int>(table_.rows.size());
  }
  int columnCount(const QModelIndex& parent) const override {
    return parent.isValid() ? 0 : static_cast<int>(table_.columns.size());
  }
  QVariant data(const QModelIndex& index, int role) const override {
    if (role != Qt::DisplayRole) return {};
    return table_.rows[static_cast<std::size_t>(index.row())].value(index.column());
  }
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
    if (role != Qt::DisplayRole) return {};
    return orientation == Qt::Horizontal ? QVariant(table_.columns.value(section)) : QVariant(section + 1);
  }

 private:
  PanelTable table_;
};

}  // namespace

TableDialog::TableDialog(Panel& panel, QWidget* parent) : QDialog(parent), view_(new QTableView(this)) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("tableDialog"));
  setWindowTitle(tr("%1 as a table").arg(panel.title()));
  view_->setModel(new PlainModel(panel.table(), view_));
  view_->setAccessibleName(windowTitle());
  view_->verticalHeader()->setDefaultSectionSize(theme.px(24));
  view_->setAlternatingRowColors(true);
  auto* note = new TypeLabel(tr("The values at the moment this window was opened. Ctrl+C copies what is selected."),
                             Type::tick11, Role::text3, this);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  auto* column = new QVBoxLayout(this);
  column->addWidget(view_, 1);
  column->addWidget(note);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(new QShortcut(QKeySequence::Copy, view_), &QShortcut::activated, this, &TableDialog::copySelection);
  resize(theme.px(720), theme.px(520));
}

void TableDialog::copySelection() const {
  QString text;
  int row = -1;
  QModelIndexList chosen = view_->selectionModel()->selectedIndexes();
  std::sort(chosen.begin(), chosen.end());
  for (const QModelIndex& index : chosen) {
    if (row >= 0) text += index.row() == row ? QLatin1Char('\t') : QLatin1Char('\n');
    row = index.row();
    text += index.data().toString();
  }
  QGuiApplication::clipboard()->setText(text);
}

}  // namespace moe::ui
