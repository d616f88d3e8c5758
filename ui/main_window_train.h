// SPDX-License-Identifier: GPL-3.0-or-later
// Train perspective. Narrow: map, charts, tabs of tokens, waterfall, load and specialization. Wide (from about 1920):
// left column on the expert axis, right column on the step axis, tokens under both.
#pragma once
#include <QList>
#include <QTabBar>
#include <QWidget>

class QSplitter;
class QStackedLayout;

namespace moe::ui {

class ChartsPanel;
class Panel;
class RunHistory;
class Selection;
class TokenStripPanel;

/// Panels in one place, chosen by tabs that stand where the panel's title would be.
class PanelTabs : public QWidget {
  Q_OBJECT
 public:
  explicit PanelTabs(QWidget* parent = nullptr);
  void setPanels(const QList<Panel*>& panels);
  void setTabText(Panel* panel, const QString& text);
  void showPanel(Panel* panel);
  Panel* current() const;
  QTabBar* bar() const;  // of the current panel

 private:
  void choose(int index, bool focus);
  QStackedLayout* stack_;
  QList<Panel*> panels_;
  QList<QTabBar*> bars_;
};

class TrainPage : public QWidget {
  Q_OBJECT
 public:
  TrainPage(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  const QList<Panel*>& panels() const { return panels_; }
  /// Shows one panel alone, or all again when it is alone already (or null).
  void toggleMaximised(Panel* panel);
  Panel* maximised() const { return maximised_; }
  void reveal(Panel* panel);
  bool isWide() const { return wide_; }
  PanelTabs* tabs() const { return tabs_; }
  void resetSizes();

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void arrange(bool wide);
  void nameWaterfall();
  RunHistory& history_;
  Selection& selection_;
  Panel *map_, *waterfall_, *load_, *specialization_;
  TokenStripPanel* tokens_;
  ChartsPanel* charts_;
  QList<Panel*> panels_;
  QSplitter *rows_, *columns_ = nullptr, *left_ = nullptr;
  PanelTabs* tabs_;
  Panel* maximised_ = nullptr;
  bool wide_ = false, arranged_ = false;
};

}  // namespace moe::ui
