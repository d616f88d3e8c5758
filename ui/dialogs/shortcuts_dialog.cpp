// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/shortcuts_dialog.h"

#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QTreeWidget>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace moe::ui {

ShortcutsDialog::ShortcutsDialog(const QList<QAction*>& commands, QWidget* parent) : QDialog(parent) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("shortcutsDialog"));
  setWindowTitle(tr("Keyboard"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(16), theme.px(16), theme.px(16), theme.px(12));
  auto* words = new QLineEdit(this);
  words->setPlaceholderText(tr("Find a key or a command"));
  words->setAccessibleName(words->placeholderText());
  list_ = new QTreeWidget(this);
  list_->setColumnCount(2);
  list_->setHeaderLabels({tr("Command"), tr("Keys")});
  list_->setRootIsDecorated(false);
  list_->setUniformRowHeights(true);
  list_->setAccessibleName(tr("Commands and keys"));
  list_->header()->setSectionResizeMode(0, QHeaderView::Stretch);
  list_->header()->setSectionResizeMode(1, QHeaderView::ResizeToContents);
  list_->header()->setStretchLastSection(false);
  const auto row = [this](const QString& what, const QString& keys) { new QTreeWidgetItem(list_, {what, keys}); };
  for (const QAction* command : commands) {
    const QString keys = QKeySequence::listToString(command->shortcuts(), QKeySequence::NativeText);
    if (!keys.isEmpty())
      row(QString(command->text()).remove(QLatin1Char('&')), QString(keys).replace(QStringLiteral("; "), tr(" or ")));
  }
  row(tr("Timeline: one step, ten steps"), tr("← → , Shift+← →"));
  row(tr("Timeline: previous or next edit"), tr("Ctrl+← →"));
  row(tr("Timeline: first step, live"), tr("Home, End"));
  row(tr("Routing map: move the cursor"), tr("← → ↑ ↓"));
  row(tr("Routing map: select, pin"), tr("Enter, P"));
  row(tr("Slider: fine"), tr("Ctrl+drag"));
  row(tr("Slider: back to the default"), tr("double click"));
  column->addWidget(words);
  column->addWidget(list_, 1);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(words, &QLineEdit::textChanged, this, &ShortcutsDialog::filter);
  column->addWidget(buttons);
  resize(theme.px(520), theme.px(560));
}

int ShortcutsDialog::rows() const {
  int shown = 0;
  for (int i = 0; i < list_->topLevelItemCount(); ++i) shown += !list_->topLevelItem(i)->isHidden();
  return shown;
}

void ShortcutsDialog::filter(const QString& words) {
  for (int i = 0; i < list_->topLevelItemCount(); ++i) {
    QTreeWidgetItem* item = list_->topLevelItem(i);
    item->setHidden(!item->text(0).contains(words, Qt::CaseInsensitive) &&
                    !item->text(1).contains(words, Qt::CaseInsensitive));
  }
}

}  // namespace moe::ui
