// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/expert_column_view.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>

#include "ui/panels/marks.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

int expertCount(const RunHistory& history) { return history.hasRun() ? history.info().experts : 0; }

ExpertColumnView::ExpertColumnView(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  setMouseTracking(true);
  if (selection.primary()) column_ = selection.primary()->expert;
  setFocusPolicy(Qt::StrongFocus);
  const auto repaint = [this] {
    update();
    say();
  };
  connect(&selection, &Selection::hoverChanged, this, repaint);
  connect(&selection, &Selection::pinsChanged, this, repaint);
  connect(&selection, &Selection::primaryChanged, this, [this, repaint] {
    if (const auto primary = selection_.primary()) column_ = primary->expert;
    repaint();
  });
}

int ExpertColumnView::strongColumn() const {
  const auto hovered = selection_.hovered();
  if (hovered && hovered->layer == layer()) return hovered->expert;
  if (hasFocus()) return column_;
  const auto primary = selection_.primary();
  return primary && primary->layer == layer() ? primary->expert : -1;
}

void ExpertColumnView::say() {
  QString words;
  const int experts = axis().experts;
  if (experts > 0) {
    if (inside_) {
      const int e = axis().expertAt(pointer_.x());
      if (e >= 0 && body().contains(pointer_)) words = describe(e, pointer_);
    } else if (hasFocus()) {
      column_ = std::clamp(column_, 0, experts - 1);
      words = describe(column_, QPointF(axis().centre(column_), body().bottom() - 1));
    }
  }
  if (words == words_) return;
  words_ = words;
  setAccessibleName(words);
  emit wordsChanged(words);
}

void ExpertColumnView::paintColumnMarks(QPainter& painter, double top, double height) const {
  const Theme& theme = Theme::instance();
  const ExpertAxis columns = axis();
  const auto bar = [&](int expert, QColor colour) {
    painter.fillRect(
        QRectF(columns.cellLeft(expert), top + height - 3, columns.cellRight(expert) - columns.cellLeft(expert), 3),
        colour);
  };
  const auto& pins = selection_.pins();
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (!pins[i] || pins[i]->layer != layer() || pins[i]->expert >= columns.experts) continue;
    bar(pins[i]->expert, theme.pinStroke(static_cast<int>(i)));
    if (columns.pitch() >= theme.px(30))  // room beside the label
      drawPin(painter, static_cast<int>(i), QPointF(columns.cellLeft(pins[i]->expert) + 4, top + height - 9),
              theme.px(8));
  }
  const auto primary = selection_.primary();
  if (primary && primary->layer == layer() && primary->expert < columns.experts)
    bar(primary->expert, theme.color(Role::selection));
}

void ExpertColumnView::paintFocus(QPainter& painter) const {
  if (!hasFocus() || axis().experts == 0) return;
  const ExpertAxis columns = axis();
  const int e = std::clamp(column_, 0, columns.experts - 1);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Theme::instance().color(Role::accent), 2));
  painter.drawRoundedRect(columns.cell(e, body().top(), body().height()).adjusted(-1, 0, 1, -1), 4, 4);
}

void ExpertColumnView::mouseMoveEvent(QMouseEvent* event) {
  pointer_ = event->position();
  inside_ = true;
  const int e = body().contains(pointer_) ? axis().expertAt(pointer_.x()) : -1;
  selection_.hover(e >= 0 ? std::optional(ExpertRef{layer(), e}) : std::nullopt);
  say();
}

void ExpertColumnView::mousePressEvent(QMouseEvent* event) {
  const int e = body().contains(event->position()) ? axis().expertAt(event->position().x()) : -1;
  if (event->button() != Qt::LeftButton || e < 0) return QWidget::mousePressEvent(event);
  column_ = e;
  const ExpertRef ref{layer(), e};
  if (event->modifiers() & Qt::ControlModifier)
    selection_.togglePin(ref);
  else
    selection_.select(ref);
}

void ExpertColumnView::leaveEvent(QEvent*) {
  inside_ = false;
  selection_.hover(std::nullopt);
  say();
}

void ExpertColumnView::keyPressEvent(QKeyEvent* event) {
  const int experts = axis().experts;
  if (experts == 0) return QWidget::keyPressEvent(event);
  const auto go = [&](int e) {
    column_ = std::clamp(e, 0, experts - 1);
    inside_ = false;
    update();
    say();
  };
  switch (event->key()) {
    case Qt::Key_Left:
      return go(column_ - 1);
    case Qt::Key_Right:
      return go(column_ + 1);
    case Qt::Key_Home:
      return go(0);
    case Qt::Key_End:
      return go(experts - 1);
    case Qt::Key_Return:
    case Qt::Key_Enter:
      return selection_.select(ExpertRef{layer(), std::clamp(column_, 0, experts - 1)});
    case Qt::Key_P:
      return selection_.togglePin(ExpertRef{layer(), std::clamp(column_, 0, experts - 1)});
    default:
      QWidget::keyPressEvent(event);
  }
}

void ExpertColumnView::focusInEvent(QFocusEvent* event) {
  QWidget::focusInEvent(event);
  say();
}

void ExpertColumnView::focusOutEvent(QFocusEvent* event) {
  QWidget::focusOutEvent(event);
  say();
}

}  // namespace moe::ui
