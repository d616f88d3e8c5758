// SPDX-License-Identifier: GPL-3.0-or-later
// Painting of TokenStripView.
#include <QPaintEvent>
#include <QPainter>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "ui/panels/colour_scale.h"
#include "ui/panels/marks.h"
#include "ui/panels/token_strip_view.h"
#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr float kWash = 0.17F;  // fill of a first choice
constexpr double kLossTop = 6;  // nats at the bright end of the loss colours
constexpr int kHueExperts = 8;  // beyond this no hue identifies an expert

QColor washed(QColor hue) {
  hue.setAlphaF(Theme::instance().dark() ? 2 * kWash : kWash);
  return hue;
}

int firstChoice(const protocol::Trace& trace, int layer, int token) {
  const auto at = (static_cast<std::size_t>(layer) * trace.pieces.size() + static_cast<std::size_t>(token)) *
                  static_cast<std::size_t>(trace.top_k);
  return trace.top_k > 0 && at < trace.experts_of.size() ? trace.experts_of[at] : -1;
}

}  // namespace

TokenStripView::Look TokenStripView::lookOf(const protocol::Trace& trace, int token) const {
  const Theme& theme = Theme::instance();
  Look look;
  look.ink = theme.color(Role::text);
  const int layer = std::min(selection_.layer(), trace.layers - 1);
  if (colours_ == TokenColours::loss || colours_ == TokenColours::doubt) {
    const auto t = static_cast<std::size_t>(token);
    const double value = colours_ == TokenColours::doubt ? routerDoubt(trace, layer, token)
                         : t < trace.token_loss.size()   ? trace.token_loss[t] / kLossTop
                                                         : std::nan("");
    if (std::isnan(value)) return look;
    look.fill = QColor(cividis(value));
    look.ink = inkOn(look.fill);
    return look;
  }
  // The selection first, then the pins in their order: the first that holds the token colours it.
  const auto wear = [&](const ExpertRef& ref, int pin) {
    const int rank = rankOf(trace, ref.layer, token, ref.expert);
    if (rank < 0) return false;
    if (rank == 0) look.fill = washed(pin < 0 ? theme.color(Role::accent) : theme.pinFill(pin));
    look.footPen = footPen(pin, theme.px(2));
    look.hasFoot = true;
    return true;
  };
  if (const auto primary = selection_.primary(); primary && wear(*primary, -1)) return look;
  const auto& pins = selection_.pins();
  for (std::size_t i = 0; i < pins.size(); ++i) {
    if (pins[i] && wear(*pins[i], static_cast<int>(i))) return look;
  }
  if (colours_ != TokenColours::firstChoice || layer < 0) return look;
  const int expert = firstChoice(trace, layer, token);
  if (expert < 0) return look;
  look.fill = trace.experts <= kHueExperts ? washed(theme.expertColor(expert)) : theme.color(Role::sunken);
  return look;
}

void TokenStripView::paintEvent(QPaintEvent* event) {
  QPainter painter(viewport());
  if (layout_.blocks().empty()) {
    drawEmptyText(painter, viewport()->rect(), emptyText_);
    return;
  }
  const double scroll = verticalScrollBar()->value();
  painter.translate(0, -scroll);
  const double top = event->rect().top() + scroll, bottom = event->rect().bottom() + 1 + scroll;
  for (const TokenLayout::Block& block : layout_.blocks()) {
    if (block.y > bottom || block.y + layout_.style().headHeight + block.rows * layout_.style().rowHeight < top)
      continue;
    paintBlock(painter, block, top, bottom);
  }
}

void TokenStripView::paintBlock(QPainter& painter, const TokenLayout::Block& block, double top, double bottom) {
  const Theme& theme = Theme::instance();
  const auto& trace = *layout_.strips()[static_cast<std::size_t>(block.strip)].trace;
  const double head = layout_.style().headHeight, line = layout_.style().rowHeight;
  // Half a row is no text: only whole ones are shown, and a title only with a row under it.
  const double air = theme.px(3);  // of a row, under the words
  const double whole = verticalScrollBar()->value() + viewport()->height() + air;
  if (block.y + head + line > whole) return;
  if (head > 0 && block.y + head >= top) {
    QFont bold = theme.font(Type::tick11);
    bold.setWeight(QFont::DemiBold);
    painter.setFont(bold);
    painter.setPen(theme.color(Role::text2));
    const double baseline = block.y + theme.px(12);
    const double x = drawRun(painter, block.x, baseline, QString::fromStdString(trace.title));
    painter.setFont(theme.font(Type::tick11));
    if (std::isfinite(trace.loss))
      painter.drawText(QPointF(x, baseline), tr(" · loss %1").arg(formatFixed(trace.loss, 2)));
  }
  painter.setFont(layout_.style().font);
  const auto [first, last] = layout_.rowsBetween(block, top, bottom);
  for (int r = first; r < last; ++r) {
    const TokenLayout::Row& row = layout_.rows()[static_cast<std::size_t>(r)];
    if (row.y + line > whole) break;
    for (int t = row.first; t < row.first + row.count; ++t) paintToken(painter, row, block.strip, t);
  }
}

void TokenStripView::paintToken(QPainter& painter, const TokenLayout::Row& row, int strip, int token) {
  const Theme& theme = Theme::instance();
  const Strip& source = layout_.strips()[static_cast<std::size_t>(strip)];
  const TokenGlyphs& glyphs = layout_.glyphs(strip, token);
  const TokenLayout::Style& style = layout_.style();
  const double inset = large_ ? theme.px(3) : theme.px(1);
  const QRectF box = layout_.box(row, token).adjusted(0.5, inset, -0.5, -inset - 1);
  const Look look = lookOf(*source.trace, token);
  if (look.fill.isValid()) painter.fillRect(box, look.fill);
  if (look.hasFoot) {
    painter.setPen(look.footPen);
    const double y = box.bottom() + 0.5 - theme.px(2) / 2.0 + 0.5;
    painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
  }
  const double x = box.left() - 0.5 + style.pad, cell = layout_.charWidth();
  if (static_cast<std::size_t>(glyphs.text.size()) > glyphs.spaces.size() + glyphs.newlines.size()) {
    const QStaticText& label = text(glyphs.text);
    painter.setPen(look.ink);
    painter.drawStaticText(QPointF(x, std::round(box.center().y() - label.size().height() / 2)), label);
  }
  const QColor soft =
      colours_ == TokenColours::holders || colours_ == TokenColours::firstChoice ? theme.color(Role::edge) : look.ink;
  const double dot = theme.px(2);
  for (const int at : glyphs.spaces)
    painter.fillRect(QRectF(std::round(x + (at + 0.5) * cell - dot / 2), std::round(box.center().y()), dot, dot), soft);
  for (const int at : glyphs.newlines) {
    const double left = x + at * cell + 1, mid = std::round(box.center().y()) + 0.5, right = x + (at + 1) * cell - 0.5;
    painter.setPen(QPen(soft, 1));
    painter.drawPolyline(QPolygonF({{right, mid - theme.px(4)}, {right, mid + 1}, {left, mid + 1}}));
    painter.drawLine(QPointF(left, mid + 1), QPointF(left + theme.px(2.5), mid + 1 - theme.px(2.5)));
    painter.drawLine(QPointF(left, mid + 1), QPointF(left + theme.px(2.5), mid + 1 + theme.px(2.5)));
  }
  const bool chosen = selection_.token() == TokenRef{source.number, token};
  const bool hovered = hovered_ == std::pair(row.block, token);
  if (!chosen && !hovered) return;
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.color(chosen ? Role::selection : Role::text3), chosen ? 2 : 1));
  painter.drawRoundedRect(box.adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4);
  if (chosen && hasFocus()) {
    painter.setPen(QPen(theme.color(Role::accent), 1));
    painter.drawRoundedRect(box.adjusted(-3, -2.5, 3, 2.5), 6, 6);
  }
  painter.restore();
}

}  // namespace moe::ui
