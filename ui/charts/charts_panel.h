// SPDX-License-Identifier: GPL-3.0-or-later
// The charts of a run: task loss (alone, never summed with a balance loss), balance loss, load CV, entropy, throughput.
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
  std::vector<ChartPanel*> charts_;
  QGridLayout* grid_;
  QTimer timer_;
  QElapsedTimer since_;
  bool compact_ = true;
  int halfLife_ = 50;
};

}  // namespace moe::ui
