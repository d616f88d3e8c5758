// SPDX-License-Identifier: GPL-3.0-or-later
// Way of the selected token through the layers, on the expert axis: bars are router probabilities, numbers the weights
// of the chosen experts, ribbons part and meet again at the residual stream.
#pragma once
#include <memory>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/panels/expert_axis.h"
#include "ui/widgets/panel.h"

class QScrollArea;

namespace moe::ui {

/// One token's routing in one layer.
struct LayerChoice {
  struct Pick {
    int expert = 0;
    double weight = 0;
  };
  std::vector<Pick> picks;            // by rank
  std::vector<double> probabilities;  // [experts] or empty
  int next = -1;                      // most probable expert that was not chosen; −1 = unknown
};
std::vector<LayerChoice> choicesOf(const protocol::Trace& trace, int token);

class TokenPathView : public QWidget {
  Q_OBJECT
 public:
  TokenPathView(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  std::shared_ptr<const protocol::Trace> trace() const { return trace_; }
  int token() const { return token_; }
  QRectF cell(int layer, int expert) const;
  /// Cell of the keyboard: arrows, Home and End move it, Enter selects its expert, P pins it.
  ExpertRef cursor() const { return cursor_; }
  /// What is said of the cell under the pointer, else of the cursor while focused; empty when neither.
  QString words() const;
  /// Where the experts' contributions meet again below a layer.
  QPointF residual(int layer) const;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 signals:
  void wordsChanged();
  void cursorMoved(const QRectF& cell);

 protected:
  void paintEvent(QPaintEvent*) override;
  void mouseMoveEvent(QMouseEvent*) override;
  void mousePressEvent(QMouseEvent*) override;
  void leaveEvent(QEvent*) override;
  void keyPressEvent(QKeyEvent*) override;
  void focusInEvent(QFocusEvent*) override;
  void focusOutEvent(QFocusEvent*) override;
  bool event(QEvent*) override;

 private:
  void moveCursor(int layers, int experts);
  QString describe(const ExpertRef& ref) const;
  void paintCursor(QPainter& painter);
  double pitch() const;
  double cellHeight() const;
  std::optional<ExpertRef> at(QPointF point) const;
  void paintRow(QPainter& painter, int layer);
  void paintRibbons(QPainter& painter, int layer);
  void paintWeights(QPainter& painter, int layer);
  ExpertAxis axis() const;
  RunHistory& history_;
  Selection& selection_;
  std::shared_ptr<const protocol::Trace> trace_;
  int token_ = -1;
  std::vector<LayerChoice> choices_;
  WindowLoads loads_;
  ExpertRef cursor_;
};

class TokenPathPanel : public Panel {
  Q_OBJECT
 public:
  TokenPathPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~TokenPathPanel() override;
  PanelTable table() const override;
  TokenPathView* view() const { return view_; }
  QString summary() const;

 protected:
  void refresh() override;

 private:
  void speak();
  TokenPathView* view_;
  QScrollArea* scroll_;
};

}  // namespace moe::ui
