// SPDX-License-Identifier: GPL-3.0-or-later
// Routing map with its window, its choice of measure, the sentence about one expert and the scale.
#pragma once
#include "ui/panels/expert_words.h"
#include "ui/widgets/panel.h"

namespace moe::ui {

class ColourBar;
class RoutingMapView;
class Segment;
class TypeLabel;
class WindowSlider;

/// Two fixed lines below a map: the statement, and the commonest tokens; the place never moves.
class SentenceLines : public QWidget {
  Q_OBJECT
 public:
  explicit SentenceLines(QWidget* parent = nullptr) : QWidget(parent) {}
  void setSentence(const ExpertSentence& sentence);
  void setHint(const QString& text);
  QSize sizeHint() const override;

 protected:
  void paintEvent(QPaintEvent*) override;

 private:
  ExpertSentence sentence_;
  QString hint_;
};

class RoutingMapPanel : public Panel {
  Q_OBJECT
 public:
  RoutingMapPanel(RunHistory& history, Selection& selection, QWidget* parent = nullptr);
  ~RoutingMapPanel() override;
  PanelTable table() const override;
  RoutingMapView* view() const { return view_; }
  /// The sentence in the fixed lines, also the view's accessible name.
  QString sentence() const { return sentence_; }

 protected:
  void refresh() override;

 private:
  void speak();
  RoutingMapView* view_;
  WindowSlider* window_;
  TypeLabel* windowWords_;
  Segment* measure_;
  SentenceLines* lines_;
  ColourBar* bar_;
  QString sentence_;
};

}  // namespace moe::ui
