// SPDX-License-Identifier: GPL-3.0-or-later
// Keyboard cursor of the path, and what is said of a cell.
#include <QKeyEvent>
#include <algorithm>

#include "ui/panels/token_path_panel.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

QString TokenPathView::words() const {
  if (!trace_ || choices_.empty()) return {};
  if (underMouse() && selection_.hovered()) return describe(*selection_.hovered());
  return hasFocus() ? describe(cursor_) : QString();
}

QString TokenPathView::describe(const ExpertRef& ref) const {
  const auto l = static_cast<std::size_t>(ref.layer), e = static_cast<std::size_t>(ref.expert);
  if (l >= choices_.size() || ref.expert >= trace_->experts) return {};
  const LayerChoice& choice = choices_[l];
  QStringList parts;
  if (e < choice.probabilities.size()) parts << tr("probability %1").arg(formatPercent(choice.probabilities[e]));
  bool chosen = false;
  for (std::size_t rank = 0; rank < choice.picks.size(); ++rank) {
    if (choice.picks[rank].expert != ref.expert) continue;
    chosen = true;
    parts << (rank == 0 ? tr("first choice") : tr("choice %1").arg(rank + 1))
          << tr("weight %1").arg(formatFixed(choice.picks[rank].weight, 2));
  }
  if (!chosen) parts << tr("not chosen");
  return tr("Layer %1 · Expert %2: %3")
      .arg(layerNumber(ref.layer))
      .arg(ref.expert + 1)
      .arg(parts.join(QStringLiteral(", ")));
}

void TokenPathView::moveCursor(int layers, int experts) {
  if (!trace_ || choices_.empty() || trace_->experts < 1) return;
  cursor_ = {std::clamp(cursor_.layer + layers, 0, static_cast<int>(choices_.size()) - 1),
             std::clamp(cursor_.expert + experts, 0, trace_->experts - 1)};
  if (layers == 0 && experts == 0) return;
  selection_.hover(std::nullopt);  // the keyboard took over from the mouse
  emit cursorMoved(cell(cursor_.layer, cursor_.expert));
  update();
  emit wordsChanged();
}

void TokenPathView::keyPressEvent(QKeyEvent* event) {
  if (!trace_ || choices_.empty() || (event->modifiers() & ~Qt::KeypadModifier)) return QWidget::keyPressEvent(event);
  switch (event->key()) {
    case Qt::Key_Left:
      return moveCursor(0, -1);
    case Qt::Key_Right:
      return moveCursor(0, 1);
    case Qt::Key_Up:
      return moveCursor(-1, 0);
    case Qt::Key_Down:
      return moveCursor(1, 0);
    case Qt::Key_Home:
      return moveCursor(0, -trace_->experts);
    case Qt::Key_End:
      return moveCursor(0, trace_->experts);
    case Qt::Key_Return:
    case Qt::Key_Enter:
      return selection_.select(cursor_);
    case Qt::Key_P:
      return selection_.togglePin(cursor_);
    default:
      QWidget::keyPressEvent(event);
  }
}

void TokenPathView::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  emit wordsChanged();
}

void TokenPathView::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  emit wordsChanged();
}

bool TokenPathView::event(QEvent* event) { return keepsCursorKeys(event) || QWidget::event(event); }

}  // namespace moe::ui
