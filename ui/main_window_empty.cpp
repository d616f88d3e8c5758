// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_empty.h"

#include <QHBoxLayout>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/widgets/labels.h"

namespace moe::ui {

EmptyPage::EmptyPage(RunController& controller, QWidget* parent) : QWidget(parent), controller_(controller) {
  const Theme& theme = Theme::instance();
  setGround(this, Role::canvas);
  headline_ = new TypeLabel(QString(), Type::counter20, Role::text, this);
  words_ = new TypeLabel(QString(), Type::control13, Role::text2, this);
  words_->setWordWrap(true);
  words_->setAlignment(Qt::AlignHCenter);
  words_->setFixedWidth(theme.px(460));
  words_->setMinimumHeight(theme.px(44));  // two lines: a centred label is not asked for its height at this width
  bar_ = new QProgressBar(this);
  bar_->setTextVisible(false);
  bar_->setFixedSize(theme.px(320), theme.px(4));
  bar_->setAccessibleName(tr("Progress of the preparation"));
  new_ = new QPushButton(tr("New run…"), this);
  new_->setDefault(true);
  open_ = new QPushButton(tr("Open run…"), this);
  cancel_ = new QPushButton(tr("Cancel"), this);
  auto* buttons = new QHBoxLayout;
  buttons->setSpacing(theme.px(8));
  buttons->addStretch(1);
  for (QPushButton* button : {new_, open_, cancel_}) buttons->addWidget(button);
  buttons->addStretch(1);
  auto* column = new QVBoxLayout(this);
  column->setSpacing(theme.px(12));
  column->addStretch(2);
  column->addWidget(headline_, 0, Qt::AlignHCenter);
  column->addWidget(words_, 0, Qt::AlignHCenter);
  column->addWidget(bar_, 0, Qt::AlignHCenter);
  column->addLayout(buttons);
  column->addStretch(3);
  connect(new_, &QPushButton::clicked, this, &EmptyPage::newRunWanted);
  connect(open_, &QPushButton::clicked, this, &EmptyPage::openRunWanted);
  connect(cancel_, &QPushButton::clicked, this, [this] { controller_.cancelPreparing(); });
  connect(&controller, &RunController::stateChanged, this, &EmptyPage::refresh);
  connect(&controller, &RunController::progress, this, &EmptyPage::showProgress);
  refresh();
}

QString EmptyPage::headline() const { return headline_->text(); }

void EmptyPage::refresh() {
  const bool preparing = controller_.isBusyOpening();
  headline_->setText(preparing ? tr("Preparing the run") : tr("No run is open"));
  if (!preparing)
    words_->setText(controller_.ready()
                        ? tr("Start one from a preset or from your own text. A file or a folder of text can "
                             "be dropped anywhere in this window.")
                        : tr("Nothing can be trained until the engine answers."));
  else if (bar_->isHidden())
    words_->setText(tr("Text is read, a tokenizer is trained on it, and the model is made."));
  bar_->setVisible(preparing);
  cancel_->setVisible(preparing);
  new_->setVisible(!preparing);
  open_->setVisible(!preparing);
  new_->setEnabled(controller_.ready());
  open_->setEnabled(controller_.ready());
  if (!preparing) bar_->setRange(0, 0);
}

void EmptyPage::showProgress(const QString& stage, double done, double total, qint64 documents) {
  // Only real counts make a bar; without a total it says that it is at work.
  bar_->setRange(0, total > 0 ? 1000 : 0);
  if (total > 0) bar_->setValue(static_cast<int>(1000 * done / total));
  QString line = stage;
  if (total > 0) line += QStringLiteral(" · ") + formatPercent(done / total, 0);
  if (documents > 0) line += QStringLiteral(" · ") + tr("%1 documents").arg(formatCount(documents));
  words_->setText(line);
}

}  // namespace moe::ui
