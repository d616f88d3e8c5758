// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/token_layout.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>

namespace moe::ui {

void TokenLayout::setStrips(std::vector<Strip> strips) {
  strips_ = std::move(strips);
  std::erase_if(strips_, [](const Strip& strip) { return strip.trace == nullptr; });
}

TokenGlyphs TokenLayout::makeGlyphs(const QString& piece, const QFontMetricsF& metrics) const {
  TokenGlyphs out;
  bool plain = true;
  for (qsizetype i = 0; i < piece.size(); ++i) {
    const QChar c = piece[i];
    const int cell = static_cast<int>(out.text.size());
    if (c == QLatin1Char(' ') || c == QChar(0x2581) || c == QChar(0x00A0)) {
      out.spaces.push_back(cell);
      out.text += QLatin1Char(' ');
    } else if (c == QLatin1Char('\n')) {
      out.newlines.push_back(cell);
      out.text += QLatin1Char(' ');
      out.breaks = true;
    } else if (c == QLatin1Char('\t')) {
      out.text += QChar(0x21E5);
    } else if (c.unicode() < 0x20) {
      out.text += QChar(0x2400 + c.unicode());
    } else {
      out.text += c;
      plain = plain && c.unicode() < 0x250;
    }
  }
  if (out.text.isEmpty()) out.text = QStringLiteral("∅");
  out.width = plain ? static_cast<double>(out.text.size()) * charWidth_ : metrics.horizontalAdvance(out.text);
  out.width += 2 * style_.pad;
  return out;
}

void TokenLayout::layOut(double width, const Style& style) {
  style_ = style;
  blocks_.clear();
  rows_.clear();
  pieces_.clear();
  pieceIndex_.assign(strips_.size(), {});
  left_.assign(strips_.size(), {});
  height_ = 0;
  if (strips_.empty() || width < 40) return;
  const QFontMetricsF metrics(style.font);
  charWidth_ = metrics.horizontalAdvance(QLatin1Char('0'));
  std::unordered_map<std::string_view, int> known;  // pieces live as long as the traces
  for (std::size_t s = 0; s < strips_.size(); ++s) {
    const auto& pieces = strips_[s].trace->pieces;
    pieceIndex_[s].reserve(pieces.size());
    left_[s].resize(pieces.size());
    for (const std::string& piece : pieces) {
      const auto [it, fresh] = known.try_emplace(piece, static_cast<int>(pieces_.size()));
      if (fresh) pieces_.push_back(makeGlyphs(QString::fromStdString(piece), metrics));
      pieceIndex_[s].push_back(it->second);
    }
  }
  const int count = static_cast<int>(strips_.size());
  const int columns = std::clamp(static_cast<int>((width + style.columnGap) / (style.narrowest + style.columnGap)), 1,
                                 std::min(style.mostColumns, count));
  const double columnWidth = std::floor((width - (columns - 1) * style.columnGap) / columns);
  double y = 0;
  for (int first = 0; first < count; first += columns) {
    int tallest = 0;
    for (int c = 0; c < columns && first + c < count; ++c) {
      Block block;
      block.strip = first + c;
      block.x = c * (columnWidth + style.columnGap);
      block.y = y;
      block.width = columnWidth;
      tallest = std::max(tallest, placeBlock(block, y + style.headHeight));
      blocks_.push_back(block);
    }
    y += style.headHeight + tallest * style.rowHeight + style.blockGap;
  }
  height_ = std::max(0.0, y - style.blockGap);
}

int TokenLayout::placeBlock(Block& block, double y) {
  const auto strip = static_cast<std::size_t>(block.strip);
  const auto& index = pieceIndex_[strip];
  block.firstRow = static_cast<int>(rows_.size());
  const int number = static_cast<int>(blocks_.size());
  double x = 0;
  Row row{y, number, 0, 0};
  const auto finish = [&](int next) {
    rows_.push_back(row);
    row = {row.y + style_.rowHeight, number, next, 0};
    x = 0;
  };
  for (std::size_t t = 0; t < index.size(); ++t) {
    const TokenGlyphs& glyphs = pieces_[static_cast<std::size_t>(index[t])];
    if (row.count > 0 && x + glyphs.width > block.width) finish(static_cast<int>(t));
    left_[strip][t] = static_cast<float>(x);
    x += glyphs.width;
    ++row.count;
    if (glyphs.breaks) finish(static_cast<int>(t) + 1);
  }
  if (row.count > 0) finish(static_cast<int>(index.size()));
  block.rows = static_cast<int>(rows_.size()) - block.firstRow;
  return block.rows;
}

std::pair<int, int> TokenLayout::rowsBetween(const Block& block, double top, double bottom) const {
  const double start = block.y + style_.headHeight;
  const int first = std::clamp(static_cast<int>(std::floor((top - start) / style_.rowHeight)), 0, block.rows);
  const int last = std::clamp(static_cast<int>(std::ceil((bottom - start) / style_.rowHeight)), first, block.rows);
  return {block.firstRow + first, block.firstRow + last};
}

const TokenGlyphs& TokenLayout::glyphs(int strip, int token) const {
  return pieces_[static_cast<std::size_t>(
      pieceIndex_[static_cast<std::size_t>(strip)][static_cast<std::size_t>(token)])];
}

QRectF TokenLayout::box(const Row& row, int token) const {
  const Block& block = blocks_[static_cast<std::size_t>(row.block)];
  const double x =
      block.x + static_cast<double>(left_[static_cast<std::size_t>(block.strip)][static_cast<std::size_t>(token)]);
  return {x, row.y, glyphs(block.strip, token).width, style_.rowHeight};
}

std::pair<int, int> TokenLayout::at(QPointF point) const {
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    const Block& block = blocks_[b];
    if (point.x() < block.x || point.x() >= block.x + block.width) continue;
    const auto [first, last] = rowsBetween(block, point.y(), point.y() + 0.01);
    if (first >= last || point.y() < block.y + style_.headHeight) continue;
    const Row& row = rows_[static_cast<std::size_t>(first)];
    for (int t = row.first; t < row.first + row.count; ++t) {
      if (box(row, t).contains(point)) return {static_cast<int>(b), t};
    }
  }
  return {-1, -1};
}

int TokenLayout::rowOf(int block, int token) const {
  const Block& b = blocks_[static_cast<std::size_t>(block)];
  const auto begin = rows_.begin() + b.firstRow, end = begin + b.rows;
  const auto it = std::upper_bound(begin, end, token, [](int t, const Row& row) { return t < row.first; });
  return it == begin ? -1 : static_cast<int>(it - rows_.begin()) - 1;
}

}  // namespace moe::ui
