// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/token_strip_view.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/panels/view_kit.h"
#include "ui/widgets/theme.h"

namespace moe::ui {

int rankOf(const protocol::Trace& trace, int layer, int token, int expert) {
  if (layer < 0 || layer >= trace.layers || token < 0 || token >= trace.tokens()) return -1;
  const auto base = (static_cast<std::size_t>(layer) * trace.pieces.size() + static_cast<std::size_t>(token)) *
                    static_cast<std::size_t>(trace.top_k);
  for (std::size_t k = 0; k < static_cast<std::size_t>(trace.top_k) && base + k < trace.experts_of.size(); ++k) {
    if (trace.experts_of[base + k] == expert) return static_cast<int>(k);
  }
  return -1;
}

double routerDoubt(const protocol::Trace& trace, int layer, int token) {
  const auto experts = static_cast<std::size_t>(std::max(trace.experts, 0));
  const auto base =
      (static_cast<std::size_t>(std::max(layer, 0)) * trace.pieces.size() + static_cast<std::size_t>(token)) * experts;
  if (layer < 0 || experts < 2 || base + experts > trace.probabilities.size()) return std::nan("");
  double entropy = 0;
  for (std::size_t e = 0; e < experts; ++e) {
    const double p = static_cast<double>(trace.probabilities[base + e]);
    if (p > 0) entropy -= p * std::log(p);
  }
  return entropy / std::log(static_cast<double>(experts));
}

QString tokenSentence(const protocol::Trace& trace, int layer, int token) {
  const auto t = static_cast<std::size_t>(token);
  QString out = QStringLiteral("‘%1’").arg(visibleToken(QString::fromStdString(trace.pieces[t])));
  if (t < trace.token_loss.size() && std::isfinite(trace.token_loss[t]))
    out += TokenStripView::tr(" · loss %1").arg(formatFixed(trace.token_loss[t], 2));
  if (layer < 0 || layer >= trace.layers) return out;
  const auto base = (static_cast<std::size_t>(layer) * trace.pieces.size() + t) * static_cast<std::size_t>(trace.top_k);
  QStringList parts;
  for (std::size_t k = 0; k < static_cast<std::size_t>(trace.top_k) && base + k < trace.experts_of.size(); ++k) {
    if (trace.experts_of[base + k] < 0) continue;
    QString part = QStringLiteral("E%1").arg(trace.experts_of[base + k] + 1);
    if (base + k < trace.weights.size())
      part += QLatin1Char(' ') + formatFixed(static_cast<double>(trace.weights[base + k]), 2);
    parts << part;
  }
  if (parts.isEmpty()) parts << TokenStripView::tr("no expert");
  return out + QStringLiteral(" · %1: %2").arg(layerName(layer), parts.join(QStringLiteral(", ")));
}

TokenStripView::TokenStripView(Selection& selection, QWidget* parent)
    : QAbstractScrollArea(parent), selection_(selection) {
  setFrameShape(QFrame::NoFrame);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setMouseTracking(true);
  viewport()->setCursor(Qt::PointingHandCursor);
  setAccessibleName(tr("Tokens"));
  setAccessibleDescription(tr("Text token by token. Arrow keys move from token to token."));
  const auto repaint = [this] {
    viewport()->update();
    say();
  };
  connect(&selection, &Selection::primaryChanged, this, repaint);
  connect(&selection, &Selection::pinsChanged, this, repaint);
  connect(&selection, &Selection::tokenChanged, this, repaint);
}

void TokenStripView::setStrips(std::vector<Strip> strips) {
  const auto same = [](const Strip& a, const Strip& b) { return a.number == b.number && a.trace == b.trace; };
  if (std::equal(strips.begin(), strips.end(), layout_.strips().begin(), layout_.strips().end(), same)) return;
  layout_.setStrips(std::move(strips));
  hovered_ = {-1, -1};
  layOut();
  say();
}

void TokenStripView::setColours(TokenColours colours) {
  if (colours == colours_) return;
  colours_ = colours;
  viewport()->update();
}

void TokenStripView::setLarge(bool large) {
  if (large == large_) return;
  large_ = large;
  texts_.clear();
  layOut();
}

void TokenStripView::setEmptyText(const QString& html) {
  if (html == emptyText_) return;
  emptyText_ = html;
  viewport()->update();
}

QSize TokenStripView::sizeHint() const { return {Theme::instance().px(740), Theme::instance().px(large_ ? 220 : 120)}; }

void TokenStripView::layOut() {
  const Theme& theme = Theme::instance();
  TokenLayout::Style style;
  style.font = theme.mono(large_ ? 15 : 12.5);
  style.rowHeight = theme.px(large_ ? 31 : 20);
  style.headHeight = theme.px(large_ ? 0 : 18);
  style.pad = theme.px(large_ ? 3 : 1.5);
  style.columnGap = theme.px(24);
  style.blockGap = theme.px(12);
  style.narrowest = theme.px(330);
  style.mostColumns = large_ ? 1 : 3;
  if (large_ && layout_.strips().size() > 1) style.headHeight = theme.px(22);
  layout_.layOut(viewport()->width(), style);
  verticalScrollBar()->setPageStep(viewport()->height());
  verticalScrollBar()->setSingleStep(static_cast<int>(style.rowHeight));
  verticalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(layout_.height())) - viewport()->height()));
  viewport()->update();
}

const QStaticText& TokenStripView::text(const QString& string) {
  QStaticText& cached = texts_[string];
  if (cached.text().isNull()) {
    cached.setTextFormat(Qt::PlainText);
    cached.setPerformanceHint(QStaticText::AggressiveCaching);
    cached.setText(string);
    cached.prepare({}, layout_.style().font);
  }
  return cached;
}

std::pair<int, int> TokenStripView::find(const TokenRef& ref) const {
  const auto& blocks = layout_.blocks();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const Strip& strip = layout_.strips()[static_cast<std::size_t>(blocks[b].strip)];
    if (strip.number == ref.strip && ref.position >= 0 && ref.position < strip.trace->tokens())
      return {static_cast<int>(b), ref.position};
  }
  return {-1, -1};
}

const protocol::Trace* TokenStripView::traceOf(const TokenRef& ref) const {
  for (const Strip& strip : layout_.strips()) {
    if (strip.number == ref.strip) return strip.trace.get();
  }
  return nullptr;
}

QRectF TokenStripView::tokenBox(const TokenRef& ref) const {
  const auto [block, token] = find(ref);
  const int row = block < 0 ? -1 : layout_.rowOf(block, token);
  if (row < 0) return {};
  return layout_.box(layout_.rows()[static_cast<std::size_t>(row)], token).translated(0, -verticalScrollBar()->value());
}

void TokenStripView::say() {
  auto [block, token] = hovered_;
  if (block < 0 && selection_.token()) std::tie(block, token) = find(*selection_.token());
  QString words;
  if (block >= 0) {
    const auto& strip =
        layout_.strips()[static_cast<std::size_t>(layout_.blocks()[static_cast<std::size_t>(block)].strip)];
    words = tokenSentence(*strip.trace, selection_.layer(), token);
  }
  const QString name = words.isEmpty() ? tr("Tokens") : words;
  if (accessibleName() != name) setAccessibleName(name);
  emit wordsChanged(words);
}

void TokenStripView::resizeEvent(QResizeEvent*) { layOut(); }

void TokenStripView::changeEvent(QEvent* event) {
  QAbstractScrollArea::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) {
    texts_.clear();
    layOut();
  }
}

void TokenStripView::mouseMoveEvent(QMouseEvent* event) {
  const auto at = layout_.at(event->position() + QPointF(0, verticalScrollBar()->value()));
  if (at == hovered_) return;
  hovered_ = at;
  viewport()->update();
  say();
}

bool TokenStripView::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::Leave) {
    hovered_ = {-1, -1};
    viewport()->update();
    say();
  }
  if (event->type() == QEvent::ToolTip && hovered_.first >= 0) {
    // The title line may be too short for the sentence: where panels share a row of tabs.
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto strip = static_cast<std::size_t>(layout_.blocks()[static_cast<std::size_t>(hovered_.first)].strip);
    QToolTip::showText(help->globalPos(),
                       tokenSentence(*layout_.strips()[strip].trace, selection_.layer(), hovered_.second), viewport());
    return true;
  }
  return QAbstractScrollArea::viewportEvent(event);
}

void TokenStripView::mousePressEvent(QMouseEvent* event) {
  const auto [block, token] = layout_.at(event->position() + QPointF(0, verticalScrollBar()->value()));
  if (event->button() != Qt::LeftButton || block < 0) return QAbstractScrollArea::mousePressEvent(event);
  const auto strip = static_cast<std::size_t>(layout_.blocks()[static_cast<std::size_t>(block)].strip);
  selection_.selectToken(TokenRef{layout_.strips()[strip].number, token});
}

void TokenStripView::reveal(int block, int token) {
  const int row = layout_.rowOf(block, token);
  if (row < 0) return;
  const double y = layout_.rows()[static_cast<std::size_t>(row)].y;
  auto* bar = verticalScrollBar();
  if (y < bar->value())
    bar->setValue(static_cast<int>(y - layout_.style().headHeight));
  else if (y + layout_.style().rowHeight > bar->value() + viewport()->height())
    bar->setValue(static_cast<int>(std::ceil(y + layout_.style().rowHeight)) - viewport()->height());
}

void TokenStripView::step(int tokens) {
  const auto& blocks = layout_.blocks();
  if (blocks.empty()) return;
  auto [block, token] = selection_.token() ? find(*selection_.token()) : std::pair(-1, -1);
  if (block < 0) {
    block = 0;
    token = tokens > 0 ? 0 : -tokens;
  } else {
    token += tokens;
  }
  const auto size = [&](int b) {
    return layout_.strips()[static_cast<std::size_t>(blocks[static_cast<std::size_t>(b)].strip)].trace->tokens();
  };
  while (token >= size(block) && block + 1 < static_cast<int>(blocks.size())) token -= size(block++);
  while (token < 0 && block > 0) token += size(--block);
  token = std::clamp(token, 0, std::max(0, size(block) - 1));
  if (size(block) == 0) return;
  const auto strip = static_cast<std::size_t>(blocks[static_cast<std::size_t>(block)].strip);
  hovered_ = {-1, -1};
  selection_.selectToken(TokenRef{layout_.strips()[strip].number, token});
  reveal(block, token);
}

void TokenStripView::stepRow(int rows) {
  const auto [block, token] = selection_.token() ? find(*selection_.token()) : std::pair(-1, -1);
  if (block < 0) return step(1);
  const int from = layout_.rowOf(block, token), to = from + rows;
  const auto& b = layout_.blocks()[static_cast<std::size_t>(block)];
  if (to < b.firstRow || to >= b.firstRow + b.rows) return;
  const double x = layout_.box(layout_.rows()[static_cast<std::size_t>(from)], token).center().x();
  const TokenLayout::Row& row = layout_.rows()[static_cast<std::size_t>(to)];
  int best = row.first;
  for (int t = row.first; t < row.first + row.count; ++t) {
    if (layout_.box(row, t).left() <= x) best = t;
  }
  step(best - token);
}

void TokenStripView::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left:
      return step(-1);
    case Qt::Key_Right:
      return step(1);
    case Qt::Key_Up:
      return stepRow(-1);
    case Qt::Key_Down:
      return stepRow(1);
    default:
      QAbstractScrollArea::keyPressEvent(event);
  }
}

void TokenStripView::focusInEvent(QFocusEvent* event) {
  QAbstractScrollArea::focusInEvent(event);
  viewport()->update();
}

void TokenStripView::focusOutEvent(QFocusEvent* event) {
  QAbstractScrollArea::focusOutEvent(event);
  viewport()->update();
}

}  // namespace moe::ui
