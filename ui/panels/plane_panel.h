// SPDX-License-Identifier: GPL-3.0-or-later
// The canvas with its layers, the words under it, and what the pictures cost.
#pragma once
#include "ui/panels/plane_view.h"
#include "ui/widgets/panel.h"

class QCheckBox;

namespace moe::ui {

class PlaneLegend;

class PlanePanel : public Panel {
  Q_OBJECT
 public:
  PlanePanel(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  PanelTable table() const override;
  PlaneView* view() const { return view_; }
  QCheckBox* layerBox(const QString& name) const;  // "owner", "decision", "data", "noise"
  /// "20 frames/s, 3 % of time", or why there are none.
  QString costWords() const;
  /// What the noise layer shows, in the legend's words; empty while it is off.
  QString noiseWords() const;
  /// Width that makes the plane a square of this height.
  int widthFor(int height) const;

 protected:
  void refresh() override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void readLayers();
  void nameIt();
  PlaneHistory& plane_;
  PlaneView* view_;
  PlaneLegend* legend_;
  std::shared_ptr<const protocol::PlanePoints> legendPoints_;  // that the legend was painted with
  QCheckBox *owner_, *decision_, *data_, *noise_;
};

/// One line: the marks and what they mean at the left, the cost at the right; slow motion puts its sentence there.
class PlaneLegend : public QWidget {
  Q_OBJECT
 public:
  explicit PlaneLegend(PlaneHistory& plane, QWidget* parent = nullptr);
  void setCost(const QString& words);
  void setNoise(const QString& words);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  PlaneHistory& plane_;
  QString cost_, noise_;
};

}  // namespace moe::ui
