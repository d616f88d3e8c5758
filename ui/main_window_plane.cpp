// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_plane.h"

#include <algorithm>

#include "ui/bridge/plane_history.h"
#include "ui/bridge/run_history.h"
#include "ui/charts/plane_charts_panel.h"
#include "ui/panels/expert_thumbs_panel.h"
#include "ui/panels/plane_panel.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {
constexpr int kSideLeast = 196, kChartLeast = 130;
}

PlanePage::PlanePage(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent)
    : QWidget(parent) {
  setObjectName(QStringLiteral("planePage"));
  canvas_ = new PlanePanel(history, plane, selection, this);
  experts_ = new ExpertThumbsPanel(history, plane, selection, this);
  charts_ = new PlaneChartsPanel(history, selection, this);
  connect(&plane, &PlaneHistory::updated, this, [this, last = -1, &plane]() mutable {
    const int now = plane.picture() ? plane.picture()->experts : 0;
    if (std::exchange(last, now) != now) arrange();
  });
}

QList<Panel*> PlanePage::panels() const { return {canvas_, experts_, charts_}; }

void PlanePage::toggleMaximised(Panel* panel) {
  maximised_ = panel && panel != maximised_ ? panel : nullptr;
  arrange();
}

/// The canvas is as large a square as leaves the experts a column; the charts take what the experts leave.
void PlanePage::arrange() {
  for (Panel* panel : panels()) panel->setVisible(!maximised_ || panel == maximised_);
  if (maximised_) return maximised_->setGeometry(rect());
  const Theme& theme = Theme::instance();
  const int left = std::min(canvas_->widthFor(height()), width() - theme.px(kSideLeast));
  canvas_->setGeometry(0, 0, left, height());
  // 8 px less of air: both neighbours bring their own padding.
  const int x = left - theme.px(8), side = width() - x;
  int experts = experts_->heightFor(side);
  // A wide column would make the pictures larger than they deserve: the charts keep 40 % of the height.
  const int most = std::max(height() - theme.px(kChartLeast), height() / 2);
  if (experts > most || side > theme.px(300)) experts = std::min(experts, height() * 3 / 5);
  experts_->setGeometry(x, 0, side, experts);
  charts_->setGeometry(x, experts, side, height() - experts);
}

void PlanePage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  arrange();
}

}  // namespace moe::ui
