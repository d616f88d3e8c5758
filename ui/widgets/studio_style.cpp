// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/studio_style.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QSpinBox>
#include <QStyleOption>
#include <QTextEdit>

#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

QColor tone(Role role) { return Theme::instance().color(role); }

/// Soft outline whose foot is the 3:1 edge colour; a 2-px accent ring while focused.
void paintField(QPainter& p, const QRect& rect, bool enabled, bool focus, const QColor& ground) {
  const Theme& theme = Theme::instance();
  const qreal radius = theme.px(5);
  const QRectF frame = QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5);
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setBrush(ground);
  p.setPen(enabled ? QPen(tone(Role::soft), 1) : QPen(tone(Role::line), 1));
  p.drawRoundedRect(frame, radius, radius);
  if (enabled && !focus) {
    p.setPen(QPen(tone(Role::edge), 1));
    p.drawLine(QPointF(frame.left() + radius, frame.bottom()), QPointF(frame.right() - radius, frame.bottom()));
  }
  if (focus) {
    p.setBrush(Qt::NoBrush);
    p.setPen(QPen(tone(Role::accent), 2));
    p.drawRoundedRect(QRectF(rect).adjusted(1, 1, -1, -1), radius - 1, radius - 1);
  }
  p.restore();
}

void paintChevron(QPainter& p, const QPointF& centre, const QColor& ink) {
  const qreal arm = Theme::instance().px(7) / 2.0;
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(QPen(ink, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  p.setBrush(Qt::NoBrush);
  p.drawPolyline(
      QPolygonF{centre + QPointF(-arm, -arm / 2), centre + QPointF(0, arm / 2), centre + QPointF(arm, -arm / 2)});
  p.restore();
}

void paintTick(QPainter& p, const QStyleOption& option, bool round) {
  const bool on = option.state & QStyle::State_On, enabled = option.state & QStyle::State_Enabled;
  const qreal side = std::min(option.rect.width(), option.rect.height()) - 1.0;
  QRectF box(0, 0, side, side);
  box.moveCenter(QRectF(option.rect).center());
  p.save();
  p.setRenderHint(QPainter::Antialiasing);
  p.setPen(on && enabled ? QPen(tone(Role::accentFill), 1) : QPen(tone(enabled ? Role::edge : Role::soft), 1.2));
  p.setBrush(on && enabled ? tone(Role::accentFill) : tone(Role::canvas));
  if (round) {
    p.drawEllipse(box);
  } else {
    p.drawRoundedRect(box, 3, 3);
  }
  if (on && round) {
    p.setPen(Qt::NoPen);
    p.setBrush(enabled ? QColor(Qt::white) : tone(Role::text3));
    p.drawEllipse(box.center(), side * 0.19, side * 0.19);
  } else if (on) {
    p.setPen(QPen(enabled ? QColor(Qt::white) : tone(Role::text3), 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    p.setBrush(Qt::NoBrush);
    p.drawPolyline(QPolygonF{box.topLeft() + QPointF(side * .24, side * .52),
                             box.topLeft() + QPointF(side * .43, side * .7),
                             box.topLeft() + QPointF(side * .77, side * .32)});
  }
  p.restore();
}

void paintButton(QPainter& p, const QStyleOption& option) {
  const bool enabled = option.state & QStyle::State_Enabled;
  const auto* button = qstyleoption_cast<const QStyleOptionButton*>(&option);
  const bool primary = button && (button->features & QStyleOptionButton::DefaultButton);
  QColor ground = tone(Role::canvas);
  if (primary && enabled)
    ground = tone(Role::accentFill);
  else if (option.state & (QStyle::State_Sunken | QStyle::State_On))
    ground = tone(Role::sunken);
  else if (enabled && (option.state & QStyle::State_MouseOver))
    ground = tone(Role::hover);
  const bool focus = (option.state & QStyle::State_HasFocus) && (option.state & QStyle::State_KeyboardFocusChange);
  paintField(p, option.rect, enabled, focus, ground);
}

}  // namespace

void StudioStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                                const QWidget* widget) const {
  const bool enabled = option->state & State_Enabled;
  switch (element) {
    case PE_PanelLineEdit:
      // Inside a spin box or an editable combo the outer frame is the field.
      if (widget && (qobject_cast<const QAbstractSpinBox*>(widget->parentWidget()) ||
                     qobject_cast<const QComboBox*>(widget->parentWidget())))
        return;
      if (const auto* edit = qobject_cast<const QLineEdit*>(widget); edit && !edit->hasFrame()) return;
      paintField(*painter, option->rect, enabled, option->state & State_HasFocus, tone(Role::canvas));
      return;
    case PE_FrameLineEdit:
      return;
    case PE_IndicatorCheckBox:
      paintTick(*painter, *option, false);
      return;
    case PE_IndicatorRadioButton:
      paintTick(*painter, *option, true);
      return;
    case PE_PanelButtonCommand:
      paintButton(*painter, *option);
      return;
    case PE_PanelButtonTool: {
      const bool lit = option->state & (State_Sunken | State_On), over = option->state & State_MouseOver;
      if (!enabled || (!lit && !over)) return;
      painter->save();
      painter->setRenderHint(QPainter::Antialiasing);
      painter->setPen(Qt::NoPen);
      painter->setBrush(tone(lit ? Role::sunken : Role::hover));
      painter->drawRoundedRect(option->rect, 5, 5);
      painter->restore();
      return;
    }
    case PE_IndicatorArrowDown:
      paintChevron(*painter, QRectF(option->rect).center(), tone(Role::text2));
      return;
    case PE_FrameFocusRect:
      if (widget && widget->inherits("QAbstractItemView")) return;
      painter->save();
      painter->setRenderHint(QPainter::Antialiasing);
      painter->setBrush(Qt::NoBrush);
      painter->setPen(QPen(tone(Role::accent), 2));
      painter->drawRoundedRect(QRectF(option->rect).adjusted(1, 1, -1, -1), 4, 4);
      painter->restore();
      return;
    case PE_Frame:
      // A text area is a field; other frames are drawn by space alone.
      if (qobject_cast<const QTextEdit*>(widget) || (widget && widget->inherits("QPlainTextEdit")))
        paintField(*painter, option->rect, enabled, widget->hasFocus(), tone(Role::canvas));
      else
        QProxyStyle::drawPrimitive(element, option, painter, widget);
      return;
    default:
      QProxyStyle::drawPrimitive(element, option, painter, widget);
  }
}

void StudioStyle::drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                              const QWidget* widget) const {
  if (element == CE_PushButtonLabel) {
    const auto* button = qstyleoption_cast<const QStyleOptionButton*>(option);
    if (button && (button->features & QStyleOptionButton::DefaultButton) && (option->state & State_Enabled)) {
      QStyleOptionButton copy(*button);
      copy.palette.setColor(QPalette::ButtonText, Qt::white);
      QProxyStyle::drawControl(element, &copy, painter, widget);
      return;
    }
  }
  if (element == CE_ComboBoxLabel) {
    const auto* combo = qstyleoption_cast<const QStyleOptionComboBox*>(option);
    if (combo && !combo->editable && combo->currentIcon.isNull()) {
      const Theme& theme = Theme::instance();
      const QRect room = combo->rect.adjusted(theme.px(6), 0, -theme.px(20), 0);
      const QString words = combo->fontMetrics.elidedText(combo->currentText, Qt::ElideRight, room.width());
      drawItemText(painter, room, Qt::AlignVCenter | Qt::AlignLeft, combo->palette, combo->state & State_Enabled, words,
                   QPalette::ButtonText);
      return;
    }
  }
  QProxyStyle::drawControl(element, option, painter, widget);
}

void StudioStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                                     const QWidget* widget) const {
  const bool enabled = option->state & State_Enabled, focus = option->state & State_HasFocus;
  if (control == CC_ComboBox) {
    const bool over = enabled && (option->state & State_MouseOver);
    paintField(*painter, option->rect, enabled, focus, tone(over && !focus ? Role::hover : Role::canvas));
    const QRect arrow = subControlRect(CC_ComboBox, option, SC_ComboBoxArrow, widget);
    paintChevron(*painter, QRectF(arrow).center(), tone(enabled ? Role::text2 : Role::text3));
    return;
  }
  if (control == CC_SpinBox) {
    const auto* spin = qstyleoption_cast<const QStyleOptionSpinBox*>(option);
    if (spin && spin->buttonSymbols == QAbstractSpinBox::NoButtons) {
      if (!spin->frame) return;
      paintField(*painter, option->rect, enabled, focus, tone(Role::canvas));
      return;
    }
  }
  QProxyStyle::drawComplexControl(control, option, painter, widget);
}

int StudioStyle::pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const {
  const Theme& theme = Theme::instance();
  switch (metric) {
    case PM_IndicatorWidth:
    case PM_IndicatorHeight:
    case PM_ExclusiveIndicatorWidth:
    case PM_ExclusiveIndicatorHeight:
      return theme.px(15);
    case PM_CheckBoxLabelSpacing:
    case PM_RadioButtonLabelSpacing:
      return theme.px(8);
    case PM_SmallIconSize:
    case PM_ButtonIconSize:
      return theme.px(20);
    case PM_DockWidgetSeparatorExtent:
      return 1;
    case PM_SplitterWidth:
      return theme.px(5);
    case PM_ScrollBarExtent:
      return theme.px(10);
    case PM_ToolBarItemSpacing:
    case PM_ToolBarItemMargin:
    case PM_ToolBarFrameWidth:
    case PM_ButtonShiftHorizontal:
    case PM_ButtonShiftVertical:
      return 0;
    default:
      return QProxyStyle::pixelMetric(metric, option, widget);
  }
}

QSize StudioStyle::sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                                    const QWidget* widget) const {
  const Theme& theme = Theme::instance();
  QSize wanted = QProxyStyle::sizeFromContents(type, option, size, widget);
  if (type == CT_PushButton) wanted = QSize(std::max(wanted.width(), size.width() + theme.px(24)), theme.px(28));
  if (type == CT_LineEdit || type == CT_SpinBox || type == CT_ComboBox) wanted.setHeight(theme.px(24));
  return wanted;
}

int StudioStyle::styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                           QStyleHintReturn* data) const {
  if (hint == SH_ComboBox_Popup) return 0;  // a list under the field, not a Mac menu over it
  if (hint == SH_DialogButtonBox_ButtonsHaveIcons) return 0;
  if (hint == SH_UnderlineShortcut) return 0;
  if (hint == SH_EtchDisabledText) return 0;
  return QProxyStyle::styleHint(hint, option, widget, data);
}

}  // namespace moe::ui
