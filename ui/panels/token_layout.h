// SPDX-License-Identifier: GPL-3.0-or-later
// Places the tokens of strips in rows and columns. Knows no colours, so it is redone only when text or width change.
#pragma once
#include <QFontMetricsF>
#include <QHash>
#include <QRectF>
#include <QString>
#include <memory>
#include <vector>

#include "engine/protocol/messages.h"

namespace moe::ui {

/// A strip as shown: its number in the probe (−1 = the user's own text) and its trace.
struct Strip {
  int number = 0;
  std::shared_ptr<const protocol::Trace> trace;
};

/// One token's picture: text with spaces in place of blanks and line ends, which are drawn as marks over it.
struct TokenGlyphs {
  QString text;               // printable characters; marks are blanks here
  std::vector<int> spaces;    // character cells holding a space
  std::vector<int> newlines;  // … a line end
  bool breaks = false;        // the row ends after it
  double width = 0;
};

class TokenLayout {
 public:
  struct Row {
    double y = 0;
    int block = 0, first = 0, count = 0;
  };
  struct Block {
    int strip = 0;  // index into the strips
    double x = 0, y = 0, width = 0;
    int firstRow = 0, rows = 0;
  };
  struct Style {
    QFont font;
    double rowHeight = 20, headHeight = 18, pad = 1.5, columnGap = 24, blockGap = 12, narrowest = 330;
    int mostColumns = 3;
  };

  void setStrips(std::vector<Strip> strips);
  void layOut(double width, const Style& style);
  const std::vector<Strip>& strips() const { return strips_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  const std::vector<Row>& rows() const { return rows_; }
  const Style& style() const { return style_; }
  double height() const { return height_; }
  double charWidth() const { return charWidth_; }
  /// Rows overlapping [top, bottom) of a block: [first, last).
  std::pair<int, int> rowsBetween(const Block& block, double top, double bottom) const;
  QRectF box(const Row& row, int token) const;
  const TokenGlyphs& glyphs(int strip, int token) const;
  /// Block and token at a point, −1 outside.
  std::pair<int, int> at(QPointF point) const;
  /// Row that holds a token of a block, or −1.
  int rowOf(int block, int token) const;

 private:
  int placeBlock(Block& block, double y);
  TokenGlyphs makeGlyphs(const QString& piece, const QFontMetricsF& metrics) const;

  std::vector<Strip> strips_;
  std::vector<Block> blocks_;
  std::vector<Row> rows_;
  std::vector<std::vector<float>> left_;      // [strip][token] from the block's left edge
  std::vector<std::vector<int>> pieceIndex_;  // [strip][token] into pieces_
  std::vector<TokenGlyphs> pieces_;           // each distinct piece once
  Style style_;
  double height_ = 0, charWidth_ = 8;
};

}  // namespace moe::ui
