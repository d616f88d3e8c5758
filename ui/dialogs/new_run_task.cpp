// SPDX-License-Identifier: GPL-3.0-or-later
// The part of the New run dialog that depends on the task: text or points to train on.
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/dialogs/draw_points_dialog.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/widgets/buttons.h"
#include "ui/widgets/labels.h"

namespace moe::ui {

void NewRunDialog::addData(QVBoxLayout* column) {
  const Theme& theme = Theme::instance();
  dataTitle_ = new TypeLabel(QString(), Type::figure12, Role::text2, this);
  column->addWidget(dataTitle_);
  data_ = new QLineEdit(this);
  data_->setTextMargins(theme.px(5), 0, theme.px(5), 0);
  folder_ = new QPushButton(tr("Folder…"), this);
  draw_ = new QPushButton(tr("Draw…"), this);
  draw_->setObjectName(QStringLiteral("drawPoints"));
  auto* file = new QPushButton(tr("File…"), this);
  auto* line = new QHBoxLayout;
  line->setSpacing(theme.px(6));
  line->addWidget(data_, 1);
  line->addWidget(draw_);
  line->addWidget(folder_);
  line->addWidget(file);
  column->addLayout(line);
  dataNote_ = new TypeLabel(QString(), Type::tick11, Role::text3, this);
  column->addWidget(dataNote_);
  connect(draw_, &QPushButton::clicked, this, &NewRunDialog::draw);
  connect(data_, &QLineEdit::textEdited, this, [this](const QString& text) {
    if (!text.isEmpty()) setPoints(nullptr);
  });
  connect(folder_, &QPushButton::clicked, this, [this] {
    const QString path = QFileDialog::getExistingDirectory(this, tr("Folder of text"), data_->text());
    if (!path.isEmpty()) setData(path);
  });
  connect(file, &QPushButton::clicked, this, [this] {
    const QString path = QFileDialog::getOpenFileName(
        this, task_ == QLatin1String("plane") ? tr("CSV file of points") : tr("File of text"), data_->text());
    if (!path.isEmpty()) setData(path);
  });
}

void NewRunDialog::setPoints(nlohmann::ordered_json points) {
  points_ = std::move(points);
  if (!points_.is_null()) data_->clear();
  showTask();
}

void NewRunDialog::draw() {
  DrawPointsDialog dialog(this);
  if (dialog.exec() != QDialog::Accepted) return;
  setPoints(dialog.points());
  begin();  // the button said "Train on this"
}

/// What the other task alone reads is not shown.
void NewRunDialog::showTask() {
  const bool plane = task_ == QLatin1String("plane");
  dataTitle_->setText(plane ? tr("Points of your own") : tr("Text to train on"));
  data_->setPlaceholderText(plane ? tr("Generated points, or drop a CSV file here")
                                  : tr("Built-in text, or drop yours here"));
  data_->setAccessibleName(plane ? tr("CSV file of points; empty: generated ones")
                                 : tr("File or folder of text; empty: the built-in text"));
  dataNote_->setText(!plane              ? tr("In a folder, each first-level folder is a domain.")
                     : points_.is_null() ? tr("Columns x, y and a class or a value; or draw them with the mouse.")
                                         : tr("Your drawing of %1 points.").arg(points_.size()));
  folder_->setVisible(!plane);
  draw_->setVisible(plane);
  for (auto& [key, entry] : entries_)
    entry.row->setVisible((entry.spec.task.isEmpty() || entry.spec.task == task_) &&
                          (!entry.rare || more_->isHidden()));
}

}  // namespace moe::ui
