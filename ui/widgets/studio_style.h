// SPDX-License-Identifier: GPL-3.0-or-later
// Fusion with the studio's fields, buttons, ticks and focus ring painted from the theme; menus, tabs and scroll bars
// are in the style sheet.
#pragma once
#include <QProxyStyle>
#include <QString>

namespace moe::ui {

class Theme;

class StudioStyle : public QProxyStyle {
  Q_OBJECT
 public:
  StudioStyle() : QProxyStyle(QStringLiteral("fusion")) {}
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter,
                     const QWidget* widget) const override;
  void drawControl(ControlElement element, const QStyleOption* option, QPainter* painter,
                   const QWidget* widget) const override;
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter,
                          const QWidget* widget) const override;
  int pixelMetric(PixelMetric metric, const QStyleOption* option, const QWidget* widget) const override;
  QSize sizeFromContents(ContentsType type, const QStyleOption* option, const QSize& size,
                         const QWidget* widget) const override;
  int styleHint(StyleHint hint, const QStyleOption* option, const QWidget* widget,
                QStyleHintReturn* data) const override;
};

/// Menus, tabs, scroll bars, tool tips, splitters.
QString styleSheet(const Theme& theme);

}  // namespace moe::ui
