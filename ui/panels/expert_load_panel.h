// SPDX-License-Identifier: GPL-3.0-or-later
// Share of each expert of the selected layer in the window, against the fair share with its noise band.
#pragma once
#include "ui/panels/expert_column_view.h"
#include "ui/widgets/panel.h"

namespace moe::ui {

class ExpertLoadView : public ExpertColumnView {
  Q_OBJECT
 public:
  ExpertLoadView(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  ExpertAxis axis() const override;
  /// y of a share of the layer's choices, 0 … 1.
  double yOf(double share) const;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  QRectF body() const override;
  QString describe(int expert, QPointF point) const override;
  void paintEvent(QPaintEvent*) override;

 private:
  void paintScale(QPainter& painter);
  void paintBars(QPainter& painter);
  void paintDropped(QPainter& painter, const QRectF& bar, double share) const;
  double share(int expert) const;
  WindowLoads loads_;
  double top_ = 1;  // share at the upper edge
};

class ExpertLoadPanel : public Panel {
  Q_OBJECT
 public:
  ExpertLoadPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~ExpertLoadPanel() override;
  PanelTable table() const override;
  ExpertLoadView* view() const { return view_; }

 protected:
  void refresh() override;

 private:
  void title();
  ExpertLoadView* view_;
};

}  // namespace moe::ui
