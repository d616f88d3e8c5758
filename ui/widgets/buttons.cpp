// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/buttons.h"

#include <QPainter>

namespace moe::ui {
namespace {

QColor tone(Role role) { return Theme::instance().color(role); }

int textWidth(Type type, const QString& text) {
  return QFontMetrics(Theme::instance().font(type)).horizontalAdvance(text);
}

void followTheme(QWidget* widget) {
  QObject::connect(&Theme::instance(), &Theme::changed, widget, [widget] {
    widget->updateGeometry();
    widget->update();
  });
}

}  // namespace

void paintFocusRing(QPainter& painter, const QRectF& rect, qreal radius) {
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(tone(Role::accent), 2));
  painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), radius, radius);
  painter.restore();
}

// ---- run ------------------------------------------------------------------------------------------------------

RunButton::RunButton(QWidget* parent) : QAbstractButton(parent) {
  setObjectName(QStringLiteral("runButton"));
  setFocusPolicy(Qt::StrongFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setState(NoRun);
  followTheme(this);
}

void RunButton::setState(State state, const QString& reason) {
  state_ = state;
  static const char* const kWords[] = {QT_TR_NOOP("Run"), QT_TR_NOOP("Pause"), QT_TR_NOOP("Pausing…"),
                                       QT_TR_NOOP("Run")};
  setText(tr(kWords[state]));
  setEnabled(state == Idle || state == Running);
  setToolTip(reason.isEmpty() ? tr("Run or pause the training (Space)") : reason);
  setAccessibleName(text());
  setAccessibleDescription(reason.isEmpty() ? tr("Runs or pauses the training") : reason);
  update();
}

QSize RunButton::sizeHint() const { return {Theme::instance().px(96), Theme::instance().px(32)}; }

void RunButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const qreal radius = theme.px(6);
  const bool filled = state_ != NoRun;
  QColor ground = tone(Role::accentFill);
  if (isDown())
    ground = ground.darker(116);
  else if (underMouse() && isEnabled())
    ground = ground.darker(106);
  p.setPen(filled ? Qt::NoPen : QPen(tone(Role::soft), 1));
  p.setBrush(filled ? ground : tone(Role::canvas));
  p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
  const QColor ink = filled ? QColor(Qt::white) : tone(Role::text3);
  const int side = theme.px(18), gap = theme.px(5), words = textWidth(Type::title13, text());
  const bool glyph = state_ != Waiting;
  qreal x = (width() - words - (glyph ? side + gap : 0)) / 2.0;
  if (glyph) {
    paintIcon(p, state_ == Running ? Icon::pause : Icon::run, QRectF(x, (height() - side) / 2.0, side, side), ink);
    x += side + gap;
  }
  p.setPen(ink);
  p.setFont(theme.font(Type::title13));
  p.drawText(QRectF(x, 0, words + 2, height()), Qt::AlignVCenter | Qt::AlignLeft, text());
  if (hasFocus()) {
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(filled ? QColor(Qt::white) : tone(Role::accent), 1.5));
    p.drawRoundedRect(QRectF(rect()).adjusted(2.5, 2.5, -2.5, -2.5), radius - 2, radius - 2);
  }
}

// ---- icon button ----------------------------------------------------------------------------------------------

IconButton::IconButton(Icon icon, const QString& name, QWidget* parent) : QToolButton(parent), icon_(icon) {
  setToolTip(name);
  setAccessibleName(name);
  setAutoRaise(true);
  setFocusPolicy(Qt::TabFocus);
  followTheme(this);
}

void IconButton::setIconKind(Icon icon) {
  icon_ = icon;
  update();
}

QSize IconButton::sizeHint() const {
  const Theme& theme = Theme::instance();
  return {theme.px(28 + (menu() ? 14 : 0)), theme.px(28)};
}

void IconButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  if (isEnabled() && (isDown() || isChecked() || underMouse())) {
    p.setPen(Qt::NoPen);
    p.setBrush(tone(isDown() || isChecked() ? Role::sunken : Role::hover));
    p.drawRoundedRect(rect(), theme.px(5), theme.px(5));
  }
  const QColor ink = tone(isEnabled() ? Role::text : Role::soft);
  const int side = theme.px(20), left = theme.px(4);
  paintIcon(p, icon_, QRectF(left, (height() - side) / 2.0, side, side), ink);
  if (menu()) {
    const int arrow = theme.px(12);
    paintIcon(p, Icon::more, QRectF(left + side + theme.px(3), (height() - arrow) / 2.0, arrow, arrow),
              tone(isEnabled() ? Role::text2 : Role::soft));
  }
  if (hasFocus()) paintFocusRing(p, rect(), theme.px(5));
}

// ---- small button ---------------------------------------------------------------------------------------------

SmallButton::SmallButton(const QString& text, const QString& name, QWidget* parent) : QAbstractButton(parent) {
  setText(text);
  setToolTip(name);
  setAccessibleName(name);
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  followTheme(this);
}

QSize SmallButton::sizeHint() const {
  const Theme& theme = Theme::instance();
  return {textWidth(Type::figure12, text()) + theme.px(18), theme.px(26)};
}

void SmallButton::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  const qreal radius = theme.px(5);
  const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  p.setPen(QPen(tone(isEnabled() ? Role::soft : Role::line), 1));
  p.setBrush(tone(!isEnabled() ? Role::canvas : isDown() ? Role::sunken : underMouse() ? Role::hover : Role::canvas));
  p.drawRoundedRect(frame, radius, radius);
  if (isEnabled()) {
    p.setPen(QPen(tone(Role::edge), 1));
    p.drawLine(QPointF(frame.left() + radius, frame.bottom()), QPointF(frame.right() - radius, frame.bottom()));
  }
  p.setPen(tone(isEnabled() ? Role::text : Role::text3));
  p.setFont(theme.font(Type::figure12));
  p.drawText(rect(), Qt::AlignCenter, text());
  if (hasFocus()) paintFocusRing(p, rect(), radius);
}

// ---- live chip ------------------------------------------------------------------------------------------------

LiveChip::LiveChip(QWidget* parent) : QAbstractButton(parent) {
  setObjectName(QStringLiteral("liveChip"));
  setFocusPolicy(Qt::TabFocus);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  setView(true, 0);
  followTheme(this);
}

void LiveChip::setView(bool live, qint64 step) {
  const QString words = live ? tr("Live") : tr("Step %1 · back to live").arg(formatCount(step));
  live_ = live;
  if (words == text()) return;
  setText(words);
  setAccessibleName(live ? tr("Live: maps and charts show the newest step") : words);
  setToolTip(live ? tr("Maps and charts show the newest step.") : tr("Show the newest step again (End)"));
  updateGeometry();
  update();
}

QSize LiveChip::sizeHint() const {
  const Theme& theme = Theme::instance();
  return {textWidth(Type::title13, text()) + theme.px(live_ ? 34 : 24), theme.px(28)};
}

void LiveChip::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::instance();
  QPainter p(this);
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(Qt::NoPen);
  p.setBrush(tone(live_ ? Role::accentWash : Role::flagGround));
  p.drawRoundedRect(rect(), height() / 2.0, height() / 2.0);
  const QColor ink = tone(live_ ? Role::accent : Role::flagText);
  int left = theme.px(12);
  if (live_) {
    p.setBrush(ink);
    p.drawEllipse(QPointF(left + theme.px(3.5), height() / 2.0), theme.px(3.5), theme.px(3.5));
    left += theme.px(12);
  }
  p.setPen(ink);
  QFont font = theme.font(Type::title13);
  font.setUnderline(!live_ && underMouse());
  p.setFont(font);
  p.drawText(rect().adjusted(left, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft, text());
  if (hasFocus()) paintFocusRing(p, rect(), height() / 2.0 - 1);
}

// ---- link -----------------------------------------------------------------------------------------------------

LinkButton::LinkButton(const QString& text, Role ink, QWidget* parent) : QAbstractButton(parent), ink_(ink) {
  setText(text);
  setAccessibleName(text);
  setFocusPolicy(Qt::TabFocus);
  setCursor(Qt::PointingHandCursor);
  setAttribute(Qt::WA_Hover);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  followTheme(this);
}

void LinkButton::setRole(Role ink) {
  ink_ = ink;
  update();
}

QSize LinkButton::sizeHint() const {
  return {textWidth(Type::title13, text()) + Theme::instance().px(6), Theme::instance().px(24)};
}

void LinkButton::paintEvent(QPaintEvent*) {
  QPainter p(this);
  QFont font = Theme::instance().font(Type::title13);
  font.setUnderline(true);
  p.setFont(font);
  p.setPen(tone(isEnabled() ? ink_ : Role::text3));
  p.drawText(rect(), Qt::AlignCenter, text());
  if (hasFocus()) paintFocusRing(p, rect(), 3);
}

}  // namespace moe::ui
