// SPDX-License-Identifier: GPL-3.0-or-later
// Waterfall: step × expert of the selected layer, oldest at the top, on the expert axis.
#pragma once
#include <QImage>

#include "ui/panels/expert_column_view.h"
#include "ui/panels/waterfall_bins.h"
#include "ui/widgets/panel.h"

namespace moe::ui {

class WaterfallView : public ExpertColumnView {
  Q_OBJECT
 public:
  WaterfallView(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  ExpertAxis axis() const override;
  const WaterfallBins& bins() const { return bins_; }
  double yOf(double step) const;
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  QRectF body() const override;
  QString describe(int expert, QPointF point) const override;
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void changeEvent(QEvent*) override;

 private:
  void recolour(int firstRow);
  void paintColumns(QPainter& painter);
  void paintDead(QPainter& painter);
  void paintSteps(QPainter& painter);
  void paintEdits(QPainter& painter);
  void paintPlayhead(QPainter& painter);
  qint64 lastStep() const;
  WaterfallBins bins_;
  QImage image_;  // experts × rows
  bool dark_ = false;
};

class WaterfallPanel : public Panel {
  Q_OBJECT
 public:
  WaterfallPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~WaterfallPanel() override;
  PanelTable table() const override;
  WaterfallView* view() const { return view_; }

 protected:
  void refresh() override;

 private:
  void title();
  WaterfallView* view_;
};

}  // namespace moe::ui
