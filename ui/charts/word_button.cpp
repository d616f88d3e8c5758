// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/word_button.h"

#include <QFontMetricsF>
#include <QMenu>
#include <QPainter>
#include <cmath>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr double kPad = 3, kChevron = 9;
}

WordButton::WordButton(QWidget* parent) : QAbstractButton(parent) {
  setFocusPolicy(Qt::TabFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setCursor(Qt::PointingHandCursor);
}

void WordButton::setMenu(QMenu* menu) {
  menu_ = menu;
  connect(this, &QAbstractButton::clicked, menu, [this] { menu_->popup(mapToGlobal(QPoint(0, height()))); });
}

QSize WordButton::sizeHint() const {
  const Theme& theme = Theme::instance();
  const QFontMetricsF metrics(theme.font(Type::tick11));
  return {static_cast<int>(
              std::ceil(metrics.horizontalAdvance(text()) + 2 * theme.px(kPad) + (menu_ ? theme.px(kChevron) : 0))),
          theme.px(16)};
}

void WordButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF box = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  if (isChecked() || underMouse()) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.color(isChecked() ? Role::accentWash : Role::hover));
    painter.drawRoundedRect(box, 3, 3);
  }
  const QColor ink = theme.color(isChecked() ? Role::accent : Role::text2);
  painter.setFont(theme.font(Type::tick11));
  painter.setPen(ink);
  painter.drawText(QRectF(theme.px(kPad), 0, width() - theme.px(kPad), height()), Qt::AlignVCenter, text());
  if (menu_) {
    const QPointF tip(width() - theme.px(kPad) - 3, height() / 2.0 + 1.5);
    painter.setPen(QPen(ink, 1.2, Qt::SolidLine, Qt::RoundCap));
    painter.drawPolyline(QPolygonF({tip + QPointF(-3, -3), tip, tip + QPointF(3, -3)}));
  }
  if (!hasFocus()) return;
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.color(Role::accent), 1.5));
  painter.drawRoundedRect(box, 3, 3);
}

void WordButton::enterEvent(QEnterEvent*) { update(); }
void WordButton::leaveEvent(QEvent*) { update(); }

}  // namespace moe::ui
