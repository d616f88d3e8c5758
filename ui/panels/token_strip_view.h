// SPDX-License-Identifier: GPL-3.0-or-later
// Held-out text token by token, coloured by who takes it. Paints visible rows only; text is laid out once per piece.
#pragma once
#include <QAbstractScrollArea>
#include <QHash>
#include <QPen>
#include <QStaticText>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/token_layout.h"

namespace moe::ui {

enum class TokenColours { holders, firstChoice, doubt, loss };

/// Choice of a token in a layer: the rank (0 = first) at which it went to the expert, or −1.
int rankOf(const protocol::Trace& trace, int layer, int token, int expert);
/// Entropy of the router's softmax over ln E, 0 … 1; NaN without probabilities.
double routerDoubt(const protocol::Trace& trace, int layer, int token);
/// "‘return’ · loss 0.42 · L3: E11 0.71, E4 0.29".
QString tokenSentence(const protocol::Trace& trace, int layer, int token);

class TokenStripView : public QAbstractScrollArea {
  Q_OBJECT
 public:
  TokenStripView(Selection& selection, QWidget* parent = nullptr);
  void setStrips(std::vector<Strip> strips);
  void setColours(TokenColours colours);
  TokenColours colours() const { return colours_; }
  void setLarge(bool large);
  bool large() const { return large_; }
  void setEmptyText(const QString& html);
  const TokenLayout& tokenLayout() const { return layout_; }
  /// Where a token is painted, in the viewport; empty when not shown.
  QRectF tokenBox(const TokenRef& ref) const;
  /// Trace of a token's strip, or null.
  const protocol::Trace* traceOf(const TokenRef& ref) const;
  QSize sizeHint() const override;

 signals:
  /// Sentence about the token under the pointer, else of the selected one.
  void wordsChanged(const QString& words);

 protected:
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  bool viewportEvent(QEvent*) override;
  void changeEvent(QEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;

 private:
  struct Look {
    QColor fill, foot;
    QPen footPen;
    bool hasFoot = false;
    QColor ink;
  };
  void layOut();
  void say();
  void step(int tokens);
  void stepRow(int rows);
  void reveal(int block, int token);
  std::pair<int, int> find(const TokenRef& ref) const;  // block and token
  Look lookOf(const protocol::Trace& trace, int token) const;
  void paintBlock(QPainter& painter, const TokenLayout::Block& block, double top, double bottom);
  void paintToken(QPainter& painter, const TokenLayout::Row& row, int strip, int token);
  const QStaticText& text(const QString& string);

  Selection& selection_;
  TokenLayout layout_;
  TokenColours colours_ = TokenColours::holders;
  bool large_ = false;
  QString emptyText_;
  std::pair<int, int> hovered_{-1, -1};
  QHash<QString, QStaticText> texts_;
};

}  // namespace moe::ui
