// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/labels.h"

#include <QPainter>
#include <algorithm>

#include "ui/widgets/icons.h"

namespace moe::ui {

TypeLabel::TypeLabel(const QString& text, Type type, Role role, QWidget* parent)
    : QLabel(text, parent), type_(type), role_(role) {
  setTextFormat(Qt::PlainText);
  dress();
  connect(&Theme::instance(), &Theme::changed, this, &TypeLabel::dress);
}

void TypeLabel::setRole(Role role) {
  if (role_ == role) return;
  role_ = role;
  dress();
}

void TypeLabel::setType(Type type) {
  if (type_ == type) return;
  type_ = type;
  dress();
}

void TypeLabel::reserve(const QString& widest) {
  widest_ = widest;
  dress();
}

void TypeLabel::dress() {
  const Theme& theme = Theme::instance();
  setFont(theme.font(type_));
  QPalette tones = palette();
  tones.setColor(QPalette::WindowText, theme.color(role_));
  setPalette(tones);
  if (!widest_.isEmpty()) setMinimumWidth(QFontMetrics(font()).horizontalAdvance(widest_) + 2);
}

void TypeLabel::setElided(bool on) {
  elided_ = on;
  setSizePolicy(on ? QSizePolicy::Maximum : QSizePolicy::Preferred, QSizePolicy::Preferred);
  updateGeometry();
}

QSize TypeLabel::minimumSizeHint() const {
  const QSize least = QLabel::minimumSizeHint();
  return elided_ ? QSize(std::min(least.width(), Theme::instance().px(48)), least.height()) : least;
}

void TypeLabel::paintEvent(QPaintEvent* event) {
  if (!elided_ || fontMetrics().horizontalAdvance(text()) <= width()) return QLabel::paintEvent(event);
  QPainter p(this);
  p.setPen(palette().color(QPalette::WindowText));
  p.setFont(font());
  p.drawText(rect(), Qt::AlignVCenter | Qt::AlignLeft, fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

BadgeLabel::BadgeLabel(bool live, QWidget* parent) : QWidget(parent), live_(live) {
  setToolTip(live ? tr("Acts at the next step of the running model.")
                  : tr("Part of the model's or the data's shape: it acts in a new run."));
  setAccessibleName(word());
  connect(&Theme::instance(), &Theme::changed, this, [this] {
    updateGeometry();
    update();
  });
}

QString BadgeLabel::word() const { return live_ ? tr("live") : tr("new run"); }

QSize BadgeLabel::sizeHint() const {
  const Theme& theme = Theme::instance();
  const QFontMetrics metrics(theme.font(Type::tick11));
  return {metrics.horizontalAdvance(word()) + theme.px(live_ ? 11 : 17), theme.px(16)};
}

QSize BadgeLabel::minimumSizeHint() const { return {Theme::instance().px(live_ ? 8 : 14), Theme::instance().px(16)}; }

void BadgeLabel::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const qreal middle = height() / 2.0;
  if (live_) {
    p.setPen(Qt::NoPen);
    p.setBrush(theme.color(Role::accent));
    p.drawEllipse(QPointF(theme.px(4), middle), theme.px(2.5), theme.px(2.5));
  } else {
    const qreal side = theme.px(13);
    paintIcon(p, Icon::restart, QRectF(0, middle - side / 2, side, side), theme.color(Role::text3));
  }
  if (width() < sizeHint().width() - 2) return;  // no room for the word; the tooltip has it
  p.setPen(theme.color(Role::text3));
  p.setFont(theme.font(Type::tick11));
  p.drawText(rect().adjusted(theme.px(live_ ? 10 : 16), 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, word());
}

Hairline::Hairline(Qt::Orientation orientation, QWidget* parent) : QWidget(parent) {
  if (orientation == Qt::Horizontal)
    setFixedHeight(1);
  else
    setFixedWidth(1);
}

void Hairline::paintEvent(QPaintEvent*) { QPainter(this).fillRect(rect(), Theme::instance().color(Role::line)); }

void setGround(QWidget* widget, Role role) {
  const auto dress = [widget, role] {
    QPalette tones = widget->palette();
    tones.setColor(QPalette::Window, Theme::instance().color(role));
    widget->setPalette(tones);
  };
  widget->setAutoFillBackground(true);
  dress();
  QObject::connect(&Theme::instance(), &Theme::changed, widget, dress);
}

}  // namespace moe::ui
