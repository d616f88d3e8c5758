// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/main_window_train.h"

#include <QSplitter>
#include <QStackedLayout>
#include <QVBoxLayout>

#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/charts/charts_panel.h"
#include "ui/panels/expert_load_panel.h"
#include "ui/panels/routing_map_panel.h"
#include "ui/panels/specialization_panel.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/panels/waterfall_panel.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

QSplitter* makeSplitter(Qt::Orientation orientation, QWidget* parent) {
  auto* out = new QSplitter(orientation, parent);
  out->setChildrenCollapsible(false);
  out->setHandleWidth(Theme::instance().px(5));
  return out;
}

/// Hides what does not hold `panel`, at every depth; null shows everything.
void showOnly(QSplitter* splitter, Panel* panel) {
  for (int i = 0; i < splitter->count(); ++i) {
    QWidget* child = splitter->widget(i);
    child->setVisible(!panel || child == panel || child->isAncestorOf(panel));
    if (auto* inner = qobject_cast<QSplitter*>(child)) showOnly(inner, panel);
  }
}

}  // namespace

// ---- tabs -----------------------------------------------------------------------------------------------------

PanelTabs::PanelTabs(QWidget* parent) : QWidget(parent), stack_(new QStackedLayout(this)) {
  stack_->setContentsMargins(0, 0, 0, 0);
}

void PanelTabs::setPanels(const QList<Panel*>& panels) {
  for (Panel* panel : panels_) {
    panel->setTitleWidget(nullptr);
    stack_->removeWidget(panel);
  }
  panels_ = panels;
  bars_.clear();
  for (int i = 0; i < panels_.size(); ++i) {
    auto* tabs = new QTabBar;
    tabs->setDrawBase(false);
    tabs->setExpanding(false);
    tabs->setElideMode(Qt::ElideNone);
    tabs->setUsesScrollButtons(false);
    tabs->setAccessibleName(tr("Panels"));
    tabs->setFont(Theme::instance().font(Type::title13));
    for (Panel* panel : panels_) tabs->addTab(panel->title());
    tabs->setCurrentIndex(i);
    bars_ << tabs;
    panels_[i]->setTitleWidget(tabs);
    stack_->addWidget(panels_[i]);
    connect(tabs, &QTabBar::currentChanged, this, [this, tabs](int index) { choose(index, tabs->hasFocus()); });
  }
}

void PanelTabs::choose(int index, bool focus) {
  if (index < 0 || index >= panels_.size()) return;
  for (int i = 0; i < bars_.size(); ++i) {
    const QSignalBlocker quiet(bars_[i]);
    bars_[i]->setCurrentIndex(i == index ? index : i);
  }
  stack_->setCurrentWidget(panels_[index]);
  if (focus) bars_[index]->setFocus(Qt::TabFocusReason);
}

void PanelTabs::setTabText(Panel* panel, const QString& text) {
  const auto index = static_cast<int>(panels_.indexOf(panel));
  for (QTabBar* bar : bars_)
    if (index >= 0 && bar->tabText(index) != text) bar->setTabText(index, text);
}

void PanelTabs::showPanel(Panel* panel) { choose(static_cast<int>(panels_.indexOf(panel)), false); }
Panel* PanelTabs::current() const { return qobject_cast<Panel*>(stack_->currentWidget()); }
QTabBar* PanelTabs::bar() const { return bars_.value(static_cast<int>(panels_.indexOf(current()))); }

// ---- page -----------------------------------------------------------------------------------------------------

TrainPage::TrainPage(RunHistory& history, Selection& selection, QWidget* parent)
    : QWidget(parent), history_(history), selection_(selection) {
  map_ = new RoutingMapPanel(history, selection, this);
  charts_ = new ChartsPanel(history, selection, this);
  tokens_ = new TokenStripPanel(history, selection, this);
  waterfall_ = new WaterfallPanel(history, selection, this);
  load_ = new ExpertLoadPanel(history, selection, this);
  specialization_ = new SpecializationPanel(history, selection, this);
  panels_ = {map_, charts_, tokens_, waterfall_, load_, specialization_};
  tabs_ = new PanelTabs(this);
  rows_ = makeSplitter(Qt::Vertical, this);
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(rows_);
  connect(&selection, &Selection::primaryChanged, this, &TrainPage::nameWaterfall);
  connect(&history, &RunHistory::runChanged, this, &TrainPage::nameWaterfall);
  arrange(false);
}

void TrainPage::nameWaterfall() {
  tabs_->setTabText(waterfall_, tr("Waterfall L%1").arg(layerNumber(selection_.layer())));
}

void TrainPage::arrange(bool wide) {
  toggleMaximised(nullptr);
  wide_ = wide;
  tabs_->setPanels({});
  if (wide) {
    columns_ = makeSplitter(Qt::Horizontal, rows_);
    left_ = makeSplitter(Qt::Vertical, columns_);
    for (Panel* panel : {map_, waterfall_, specialization_}) left_->addWidget(panel);
    columns_->addWidget(left_);
    columns_->addWidget(charts_);
    rows_->insertWidget(0, columns_);
    rows_->insertWidget(1, tabs_);
    tabs_->setPanels({tokens_, load_});
  } else {
    rows_->insertWidget(0, map_);
    rows_->insertWidget(1, charts_);
    rows_->insertWidget(2, tabs_);
    tabs_->setPanels({tokens_, waterfall_, load_, specialization_});
    delete columns_;
    columns_ = left_ = nullptr;
  }
  for (Panel* panel : panels_)
    if (!tabs_->isAncestorOf(panel)) panel->show();
  tabs_->showPanel(tokens_);
  charts_->setCompact(!wide);
  nameWaterfall();
  resetSizes();
}

void TrainPage::resetSizes() {
  const auto px = [](double pixels) { return Theme::instance().px(pixels); };
  if (wide_) {
    rows_->setSizes({px(800), px(154)});
    rows_->setStretchFactor(0, 1);
    rows_->setStretchFactor(1, 0);
    columns_->setSizes({px(784), px(496)});
    left_->setSizes({px(290), px(232), px(232)});
    for (int i = 0; i < 3; ++i) left_->setStretchFactor(i, 1);
  } else {
    rows_->setSizes({px(282), px(160), px(164)});
    rows_->setStretchFactor(0, 3);
    rows_->setStretchFactor(1, 1);
    rows_->setStretchFactor(2, 2);
  }
}

void TrainPage::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const double scale = Theme::instance().scale();
  const bool wide = width() >= 1180 * scale && height() >= 760 * scale;
  if (wide != wide_ || !arranged_) {
    arranged_ = true;
    arrange(wide);
  }
}

void TrainPage::toggleMaximised(Panel* panel) {
  maximised_ = panel && panel != maximised_ ? panel : nullptr;
  if (maximised_ && tabs_->isAncestorOf(maximised_)) tabs_->showPanel(maximised_);
  showOnly(rows_, maximised_);
}

void TrainPage::reveal(Panel* panel) {
  if (maximised_ && maximised_ != panel) toggleMaximised(nullptr);
  if (tabs_->isAncestorOf(panel)) tabs_->showPanel(panel);
}

}  // namespace moe::ui
