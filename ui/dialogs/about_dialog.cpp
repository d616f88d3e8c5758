// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/about_dialog.h"

#include <QDialogButtonBox>
#include <QVBoxLayout>

#include "ui/widgets/labels.h"

namespace moe::ui {

AboutDialog::AboutDialog(const Hello& hello, QWidget* parent) : QDialog(parent) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("aboutDialog"));
  setWindowTitle(tr("About MoE Studio"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(24), theme.px(20), theme.px(24), theme.px(16));
  column->setSpacing(theme.px(10));
  column->addWidget(
      new TypeLabel(tr("MoE Studio %1").arg(QStringLiteral(MOE_VERSION)), Type::counter20, Role::text, this));
  const QString engine = hello.version.isEmpty() ? tr("No engine has answered yet.")
                                                 : tr("Engine moe-cli %1, protocol %2, process %3\n%4, %n thread(s)",
                                                      nullptr, hello.threads)
                                                       .arg(hello.version)
                                                       .arg(hello.protocol)
                                                       .arg(hello.pid)
                                                       .arg(hello.device);
  const QString texts[] = {
      tr("Trains Mixture-of-Experts models and shows their experts at work."), engine,
      tr("The studio is free software under the GNU General Public License, version 3 or later; the engine is under "
         "the "
         "Apache License 2.0. There is no warranty."),
      tr("Built with Qt %1 (LGPL, Qt Charts GPL), nlohmann/json, and the fonts Inter and JetBrains Mono (SIL Open Font "
         "License).")
          .arg(QLatin1String(qVersion()))};
  for (const QString& text : texts) {
    auto* label = new TypeLabel(text, Type::control13, Role::text2, this);
    label->setWordWrap(true);
    label->setMinimumWidth(theme.px(420));
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column->addWidget(label);
  }
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  column->addWidget(buttons);
}

}  // namespace moe::ui
