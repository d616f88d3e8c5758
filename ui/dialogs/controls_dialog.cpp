// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/controls_dialog.h"

#include <QDialogButtonBox>
#include <QListWidget>
#include <QVBoxLayout>

#include "ui/bridge/edit_words.h"
#include "ui/widgets/labels.h"

namespace moe::ui {

ControlsDialog::ControlsDialog(const Hello& hello, const QString& task, const QStringList& chosen, QWidget* parent)
    : QDialog(parent), list_(new QListWidget(this)) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("controlsDialog"));
  setWindowTitle(tr("Controls to show"));
  auto* words = new TypeLabel(tr("The knobs at the left, Present and a saved set-up show the ticked ones; with none or "
                                 "all ticked, everything is shown."),
                              Type::caption12, Role::text2, this);
  words->setWordWrap(true);
  list_->setAccessibleName(tr("Settings"));
  for (const KnobSpec& spec : hello.knobs) {
    if (isExpertCommand(spec.key) || spec.key == QLatin1String("data.task")) continue;
    if (!spec.task.isEmpty() && spec.task != task) continue;
    auto* item = new QListWidgetItem(spec.group + QStringLiteral(" · ") + spec.label, list_);
    item->setData(Qt::UserRole, spec.key);
    item->setToolTip(spec.help);
    item->setFlags(item->flags() | Qt::ItemIsUserCheckable);
    item->setCheckState(chosen.contains(spec.key) ? Qt::Checked : Qt::Unchecked);
  }
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
  connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(16));
  column->setSpacing(theme.px(10));
  column->addWidget(words);
  column->addWidget(list_, 1);
  column->addWidget(buttons);
  resize(theme.px(380), theme.px(520));
}

QStringList ControlsDialog::chosen() const {
  QStringList out;
  for (int i = 0; i < list_->count(); ++i)
    if (list_->item(i)->checkState() == Qt::Checked) out << list_->item(i)->data(Qt::UserRole).toString();
  return out.size() == list_->count() ? QStringList() : out;
}

}  // namespace moe::ui
