// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dialogs/locator.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QRegularExpression>
#include <QVBoxLayout>

#include "ui/widgets/theme.h"

namespace moe::ui {

Locator::Locator(const Hello& hello, const RunHistory& history, const QList<QAction*>& commands, QWidget* parent)
    : QDialog(parent, Qt::Popup), field_(new QLineEdit(this)), list_(new QListWidget(this)) {
  const Theme& theme = Theme::instance();
  setObjectName(QStringLiteral("locator"));
  setWindowTitle(tr("Find"));
  if (history.hasRun()) {
    layers_ = static_cast<int>(history.info().moe_layers.size());
    experts_ = history.info().experts;
    newest_ = history.liveStep();
  }
  for (const KnobSpec& knob : hello.knobs)
    all_.push_back({LocatorHit::Knob, tr("%1 · setting %2").arg(knob.label, knob.key), knob.key, nullptr, {}, 0});
  for (QAction* command : commands)
    if (command->isEnabled())
      all_.push_back({LocatorHit::Command, QString(command->text()).remove(QLatin1Char('&')), {}, command, {}, 0});
  field_->setPlaceholderText(tr("A command, a setting, an expert (L2 E7) or a step (6900)"));
  field_->setAccessibleName(tr("Find"));
  field_->installEventFilter(this);
  list_->setAccessibleName(tr("What was found"));
  list_->setFocusPolicy(Qt::NoFocus);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(theme.px(10), theme.px(10), theme.px(10), theme.px(10));
  column->addWidget(field_);
  column->addWidget(list_, 1);
  connect(field_, &QLineEdit::textChanged, this, &Locator::fill);
  connect(field_, &QLineEdit::returnPressed, this, &Locator::choose);
  connect(list_, &QListWidget::itemClicked, this, &Locator::choose);
  resize(theme.px(440), theme.px(360));
  if (parent) move(parent->mapToGlobal(QPoint((parent->width() - width()) / 2, theme.px(56))));
  fill({});
  field_->setFocus();
}

std::vector<LocatorHit> Locator::find(const QString& words) const {
  std::vector<LocatorHit> out;
  const QString plain = words.trimmed();
  static const QRegularExpression expert(QStringLiteral("^[lL]?\\s*(\\d+)\\s*[·.,\\s]*[eE\\s.,·]\\s*(\\d+)$"));
  if (const auto match = expert.match(plain); match.hasMatch()) {
    ExpertRef ref{-1, match.captured(2).toInt() - 1};
    for (int l = 0; l < layers_; ++l)
      if (layerNumber(l) == match.captured(1).toInt()) ref.layer = l;
    if (ref.layer >= 0 && ref.expert >= 0 && ref.expert < experts_)
      out.push_back({LocatorHit::Expert, tr("Expert %1").arg(expertName(ref)), {}, nullptr, ref, 0});
  }
  bool number = false;
  const qint64 step = QString(plain).remove(QLatin1Char(',')).toLongLong(&number);
  if (number && step >= 1 && step <= newest_)
    out.push_back({LocatorHit::Step, tr("Look at step %1").arg(formatCount(step)), {}, nullptr, {}, step});
  for (const LocatorHit& each : all_)
    if (each.words.contains(plain, Qt::CaseInsensitive)) out.push_back(each);
  return out;
}

void Locator::fill(const QString& words) {
  shown_ = find(words);
  list_->clear();
  for (const LocatorHit& each : shown_) {
    QString line = each.words;
    if (each.action && !each.action->shortcut().isEmpty())
      line += QStringLiteral("   ") + each.action->shortcut().toString(QKeySequence::NativeText);
    list_->addItem(line);
  }
  list_->setCurrentRow(shown_.empty() ? -1 : 0);
}

void Locator::choose() {
  const int row = list_->currentRow();
  if (row < 0 || row >= static_cast<int>(shown_.size())) return;
  hit_ = shown_[static_cast<std::size_t>(row)];
  accept();
}

bool Locator::eventFilter(QObject* watched, QEvent* event) {
  if (watched == field_ && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Down || key == Qt::Key_Up) {
      const int to = list_->currentRow() + (key == Qt::Key_Down ? 1 : -1);
      if (to >= 0 && to < list_->count()) list_->setCurrentRow(to);
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

}  // namespace moe::ui
