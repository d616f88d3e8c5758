// SPDX-License-Identifier: GPL-3.0-or-later
// Inspector of a run of points: one probed point's way through the layer, and the selected expert.
#pragma once
#include <QTimer>
#include <QWidget>

#include "engine/protocol/plane.h"
#include "ui/widgets/panel.h"

namespace moe::ui {

class IconButton;
class PlaneHistory;
class ProbeAnswers;
class ProbeBars;
class ProbeSum;
class ReviveLine;
class RunHistory;
class SectionTitle;
class Selection;
class TypeLabel;

class ProbeCard : public QWidget {
  Q_OBJECT
 public:
  ProbeCard(RunHistory& history, PlaneHistory& plane, Selection& selection, QWidget* parent = nullptr);
  void refresh();
  ReviveLine* revive() const { return revive_; }
  QString place() const;     // "x 0.29  y 0.42"
  QString sentence() const;  // near a seam, or who answers
  QString verdict() const;   // "Class B, with 99.9 %"
  QString truth() const;     // "right", "wrong", or nothing when no point is near
  QString flips() const;     // what the router's noise does here
  QString without() const;   // what the model would score without the selected expert
  QString expertWords() const;
  PanelTable table() const;
  QSize sizeHint() const override;

 protected:
  void showEvent(QShowEvent*) override;

 private:
  void build();
  void showProbe();
  void showTruth(const protocol::PlaneProbe& probe);
  void showExpert();
  QString withoutWords(std::size_t expert) const;
  RunHistory& history_;
  PlaneHistory& plane_;
  Selection& selection_;
  QTimer timer_;
  QWidget *probed_, *expert_;
  TypeLabel *place_, *sentence_, *kept_, *flips_, *verdict_, *truth_, *nearest_, *name_, *owns_, *without_;
  SectionTitle *routerTitle_, *answersTitle_;
  ProbeBars* bars_;
  ProbeAnswers* answers_;
  ProbeSum* sum_;
  QWidget* glyph_;
  IconButton *clear_, *pin_;
  ReviveLine* revive_;
};

}  // namespace moe::ui
