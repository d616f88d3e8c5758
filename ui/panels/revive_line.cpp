// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/revive_line.h"

#include <QHBoxLayout>
#include <QPushButton>

#include "ui/bridge/edit_words.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kIdle = 0.5;  // of the fair share: an expert with more would lose more than it gains
}

ReviveLine::ReviveLine(RunHistory& history, QWidget* parent)
    : QWidget(parent),
      history_(history),
      button_(new QPushButton(tr("Revive"), this)),
      note_(new TypeLabel(QString(), Type::tick11, Role::text2, this)) {
  auto* line = new QHBoxLayout(this);
  line->setContentsMargins(0, Theme::instance().px(4), 0, 0);
  line->setSpacing(Theme::instance().px(8));
  note_->setWordWrap(true);
  line->addWidget(button_);
  line->addWidget(note_, 1);
  connect(button_, &QPushButton::clicked, this, [this] { emit wanted(ref_); });
  refresh();
}

void ReviveLine::allow(bool offered, const QString& whyNot) {
  offered_ = offered;
  whyNot_ = whyNot;
  refresh();
}

void ReviveLine::show(const ExpertRef& ref, double ratio) {
  ref_ = ref;
  ratio_ = ratio;
  refresh();
}

QString ReviveLine::note() const { return note_->text(); }

void ReviveLine::refresh() {
  setVisible(offered_);
  const QString enough = history_.info().task == "plane" ? tr("It gets enough points.") : tr("It gets enough tokens.");
  const QString whyNot = !whyNot_.isEmpty() ? whyNot_ : ratio_ >= kIdle ? enough : QString();
  QString note = whyNot.isEmpty() ? tr("as a noisy copy of the busiest expert") : whyNot, undo;
  for (const auto& edit : history_.edits()) {
    if (edit.key != kRevive || edit.step > history_.viewStep()) continue;
    const EditWords words = editWords(history_, edit);
    if (words.values != expertName(ref_)) continue;
    note = tr("revived at step %1; cannot be undone").arg(formatCount(edit.step));
    undo = words.whyNotUndone;
  }
  button_->setEnabled(whyNot.isEmpty());
  button_->setAccessibleName(tr("Revive %1").arg(expertName(ref_)));
  button_->setToolTip(
      whyNot.isEmpty() ? tr("Makes this expert a noisy copy of its layer’s busiest one and shares that one’s tokens.")
                       : whyNot);
  button_->setAccessibleDescription(button_->toolTip());
  note_->setText(note);
  note_->setToolTip(undo);
}

}  // namespace moe::ui
