// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/preferences_dialog.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QTimer>
#include <QVBoxLayout>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {

PreferencesDialog::PreferencesDialog(QWidget* parent) : QDialog(parent) {
  Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("preferencesDialog"));
  setWindowTitle(tr("Preferences"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(20), theme.px(16), theme.px(20), theme.px(12));
  auto* form = new QFormLayout;
  form->setSpacing(theme.px(10));
  auto* look = new QComboBox(this);
  look->setObjectName(QStringLiteral("themeBox"));
  look->addItems({tr("Light"), tr("Dark")});
  look->setCurrentIndex(theme.dark() ? 1 : 0);
  look->setAccessibleName(tr("Theme"));
  auto* scale = new QComboBox(this);
  scale->setAccessibleName(tr("Display scale"));
  for (const int percent : {75, 100, 125, 150, 175, 200, 250}) {
    scale->addItem(tr("%1 %").arg(percent), percent);
    if (percent == static_cast<int>(std::lround(theme.scale() * 100))) scale->setCurrentIndex(scale->count() - 1);
  }
  auto* motion = new QCheckBox(tr("Repaint twice a second instead of thirty times"), this);
  motion->setChecked(theme.reducedMotion());
  form->addRow(tr("Theme"), look);
  form->addRow(tr("Display scale"), scale);
  form->addRow(tr("Reduced motion"), motion);
  column->addLayout(form);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  column->addWidget(buttons);
  connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  connect(look, &QComboBox::activated, this, [this](int index) { emit darkChanged(index == 1); });
  connect(motion, &QCheckBox::toggled, this, [](bool on) { Theme::instance().setReducedMotion(on); });
  connect(scale, &QComboBox::activated, this, [this, scale] {
    const double factor = scale->currentData().toInt() / 100.0;
    accept();  // the window is made anew, and this dialog with it
    emit scaleChanged(factor);
  });
}

}  // namespace moe::ui
