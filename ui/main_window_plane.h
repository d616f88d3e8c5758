// SPDX-License-Identifier: GPL-3.0-or-later
// Train perspective of a run of points: the canvas as a square at the left, experts and charts beside it.
#pragma once
#include <QList>
#include <QWidget>

namespace moe::ui {

class ExpertThumbsPanel;
class Panel;
class PlaneChartsPanel;
class PlaneHistory;
class PlanePanel;
class RunHistory;
class Selection;

class PlanePage : public QWidget {
  Q_OBJECT
 public:
  PlanePage(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  QList<Panel*> panels() const;
  PlanePanel* canvas() const { return canvas_; }
  ExpertThumbsPanel* experts() const { return experts_; }
  PlaneChartsPanel* charts() const { return charts_; }
  /// Shows one panel alone, or all again when it is alone already (or null).
  void toggleMaximised(Panel* panel);

 protected:
  void resizeEvent(QResizeEvent*) override;

 private:
  void arrange();
  PlanePanel* canvas_;
  ExpertThumbsPanel* experts_;
  PlaneChartsPanel* charts_;
  Panel* maximised_ = nullptr;
};

}  // namespace moe::ui
