// SPDX-License-Identifier: GPL-3.0-or-later
// The charts of a run: task loss (alone, never summed with a balance loss), balance loss, load CV, entropy, throughput,
// and the dropped share where a router has a capacity.
#pragma once
#include <QElapsedTimer>
#include <QTimer>
#include <vector>

#include "ui/charts/chart_panel.h"
#include "ui/widgets/panel.h"

class QGridLayout;

namespace moe::ui {

class ChartsPanel : public Panel {
  Q_OBJECT
 public:
  ChartsPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  PanelTable table() const override;
  /// One row (as at 1366 × 768; throughput only where it fits), or one column on a shared step axis.
  void setCompact(bool compact);
  bool compact() const { return compact_; }
  /// Steps, 0 = no smoothing, kAutomatic = what suits the run's length (the default).
  void setHalfLife(int steps);
  int halfLife() const { return halfLife_; }
  ChartPanel* chart(int index) const { return charts_[static_cast<std::size_t>(index)]; }
  int charts() const { return static_cast<int>(charts_.size()); }
  /// Paints what has arrived now instead of at the next tick.
  void refreshNow();

 signals:
  void halfLifeChanged(int steps);

 protected:
  void refresh() override;
  void resizeEvent(QResizeEvent*) override;

 private:
  void arrange();
  void rearrange();  // if other charts are to be seen than before
  bool isShown(int chart) const;
  void useHalfLife();
  std::vector<ChartPanel*> charts_;
  QGridLayout* grid_;
  QTimer timer_;
  QElapsedTimer since_;
  bool compact_ = true, drops_ = false;
  int shownCount_ = 0;
  int chosen_ = kAutomatic, halfLife_ = 10;
};

}  // namespace moe::ui
