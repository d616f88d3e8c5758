// SPDX-License-Identifier: GPL-3.0-or-later
// Domain × expert of the selected layer: how an expert's share on a domain differs from its share everywhere, with the
// mutual information of expert and domain and what shuffled labels give.
#pragma once
#include <QImage>
#include <memory>

#include "ui/panels/expert_column_view.h"
#include "ui/panels/heat_grid.h"
#include "ui/widgets/panel.h"

namespace moe::ui {

/// Shares on each domain of one layer, from the assignments of a probe.
struct DomainShares {
  int experts = 0, domains = 0;
  std::vector<double> ratio;  // [domains, experts] (n_ed/n_d) / (n_e/n); NaN where the expert or the domain saw nothing
  std::vector<double> noise;  // [domains, experts] sd of it if expert and domain were independent, 1/sqrt(n_e·n_d/n)
  std::vector<bool> used;     // [experts]
  static DomainShares of(const protocol::ProbeReport& probe, int layer);
  std::size_t index(int domain, int expert) const { return static_cast<std::size_t>(domain * experts + expert); }
};

class SpecializationView : public ExpertColumnView {
  Q_OBJECT
 public:
  SpecializationView(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  ExpertAxis axis() const override;
  QRectF cell(int domain, int expert) const { return grid_.cell(domain, expert); }
  const DomainShares& shares() const { return shares_; }
  const protocol::ProbeReport* probe() const { return probe_.get(); }
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override;

 protected:
  QRectF body() const override;
  QString describe(int expert, QPointF point) const override;
  void paintEvent(QPaintEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void keyPressEvent(QKeyEvent*) override;

 private:
  void layOut();
  void paintLabels(QPainter& painter);
  void paintCells(QPainter& painter);
  void paintColumns(QPainter& painter);
  void paintScore(QPainter& painter);
  QStringList domainNames() const;
  std::shared_ptr<const protocol::ProbeReport> probe_;
  DomainShares shares_;
  HeatGrid grid_;
  QImage image_;
  int row_ = 0;
};

class SpecializationPanel : public Panel {
  Q_OBJECT
 public:
  SpecializationPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~SpecializationPanel() override;
  PanelTable table() const override;
  SpecializationView* view() const { return view_; }

 protected:
  void refresh() override;

 private:
  void title();
  SpecializationView* view_;
};

}  // namespace moe::ui
