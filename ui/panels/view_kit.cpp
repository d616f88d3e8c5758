// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/view_kit.h"

#include <QAbstractTextDocumentLayout>
#include <QFontMetricsF>
#include <QKeyEvent>
#include <QLocale>
#include <QPainter>
#include <QTextDocument>
#include <QTextOption>
#include <algorithm>
#include <cmath>

#include "ui/bridge/selection.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

void drawEmptyText(QPainter& painter, const QRect& area, const QString& html) {
  const Theme& theme = Theme::instance();
  QTextDocument text;
  text.setDefaultFont(theme.font(Type::control13));
  text.setDocumentMargin(0);
  QTextOption option(Qt::AlignHCenter);
  option.setWrapMode(QTextOption::WordWrap);
  text.setDefaultTextOption(option);
  QString weighted = html;  // the embedded faces end at 600: a plain <b> would be smeared
  weighted.replace(QLatin1String("<b>"), QLatin1String("<span style='font-weight:600'>"));
  weighted.replace(QLatin1String("</b>"), QLatin1String("</span>"));
  text.setHtml(weighted);
  text.setTextWidth(std::min<double>(area.width() - 24, theme.px(460)));
  if (text.idealWidth() < text.textWidth()) text.setTextWidth(std::ceil(text.idealWidth()));
  const QSizeF size = text.size();
  const QPointF at(area.center().x() - size.width() / 2, area.center().y() - size.height() / 2);
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.color(Role::canvas));
  painter.drawRoundedRect(QRectF(at, size).adjusted(-16, -10, 16, 10), 6, 6);
  painter.translate(at);
  QAbstractTextDocumentLayout::PaintContext context;
  context.palette.setColor(QPalette::Text, theme.color(Role::text));
  text.documentLayout()->draw(&painter, context);
  painter.restore();
}

void drawTrackBar(QPainter& painter, const QRectF& track, double share, QColor colour) {
  const Theme& theme = Theme::instance();
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const double radius = std::min(2.0, track.height() / 2);
  painter.setBrush(theme.color(Role::sunken));
  painter.drawRoundedRect(track, radius, radius);
  const double filled = track.width() * std::clamp(std::isnan(share) ? 0.0 : share, 0.0, 1.0);
  if (filled >= 0.5) {
    painter.setBrush(colour);
    painter.drawRoundedRect(QRectF(track.left(), track.top(), filled, track.height()), radius, radius);
  }
  painter.restore();
}

double drawRun(QPainter& painter, double x, double baseline, const QString& text) {
  painter.drawText(QPointF(x, baseline), text);
  return x + QFontMetricsF(painter.font()).horizontalAdvance(text);
}

QString visibleToken(const QString& piece) {
  QString out;
  out.reserve(piece.size());
  for (const QChar c : piece) {
    if (c == QLatin1Char(' ') || c == QChar(0x2581) || c == QChar(0x00A0))
      out += QChar(0x00B7);
    else if (c == QLatin1Char('\n'))
      out += QChar(0x21B5);
    else if (c == QLatin1Char('\t'))
      out += QChar(0x21E5);
    else if (c.unicode() < 0x20)
      out += QChar(0x2400 + c.unicode());
    else
      out += c;
  }
  return out.isEmpty() ? QStringLiteral("∅") : out;
}

QString layerName(int layer) { return QStringLiteral("L%1").arg(layerNumber(layer)); }

bool keepsCursorKeys(QEvent* event) {
  if (event->type() != QEvent::ShortcutOverride) return false;
  const auto* key = static_cast<QKeyEvent*>(event);
  const bool ours = key->key() == Qt::Key_P || (key->key() >= Qt::Key_Home && key->key() <= Qt::Key_Down);
  if (!ours || key->modifiers() != Qt::NoModifier) return false;
  event->accept();
  return true;
}

QString csvNumber(double value) {
  return std::isfinite(value) ? QString::number(value, 'g', QLocale::FloatingPointShortest) : QString();
}

}  // namespace moe::ui
