// SPDX-License-Identifier: GPL-3.0-or-later
// Charts of a run of points: task loss, and accuracy (or R²) of the batch. Where there is room for one, a word chooses.
#pragma once
#include <QElapsedTimer>
#include <QTimer>

#include "ui/charts/chart_panel.h"
#include "ui/widgets/panel.h"

class QTabBar;
class QVBoxLayout;

namespace moe::ui {

class PlaneChartsPanel : public Panel {
  Q_OBJECT
 public:
  PlaneChartsPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  PanelTable table() const override;
  ChartPanel* loss() const { return loss_; }
  ChartPanel* quality() const { return quality_; }
  QTabBar* tabs() const { return tabs_; }
  void refreshNow();

 protected:
  void refresh() override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void arrange();
  ChartPanel *loss_, *quality_;
  QTabBar* tabs_;
  QTimer timer_;
  QElapsedTimer since_;
  int chosen_ = kAutomatic;
  bool values_ = false;  // R² instead of accuracy
  void setHalfLife(int steps);
};

/// Accuracy of the step's batch in percent, or R²; NaN where the step has neither.
double planeQuality(const StepRecord& step);

}  // namespace moe::ui
