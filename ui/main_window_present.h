// SPDX-License-Identifier: GPL-3.0-or-later
// Present: what a room can read from the last row. Run, a large step counter, one sentence, the canvas (or, of a run of
// text, the routing map, its scale and the timeline), and the chosen knobs.
#pragma once
#include <QStringList>
#include <QTimer>
#include <QWidget>
#include <map>

#include "ui/bridge/hello.h"

namespace moe::ui {

class ColourBar;
class ExpertThumbs;
class KnobRow;
class MainWindow;
class PlaneView;
class RunButton;
class RoutingMapView;
class RunController;
class Selection;
class TypeLabel;

class PresentPage : public QWidget {
  Q_OBJECT
 public:
  /// `controls`: keys of the knobs to show; empty: balance and noise.
  PresentPage(RunController& controller, Selection& selection, const QStringList& controls, QWidget* parent = nullptr);
  KnobRow* knob(const QString& key) const;
  QString counter() const;
  QString headline() const;
  RunButton* runButton() const { return run_; }

 signals:
  void runWanted();
  void stepWanted();
  void restartWanted();
  void leaveWanted();
  void knobEdited(const QString& key, const nlohmann::json& value, int session);

 protected:
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;

 private:
  QWidget* buildHead();
  QWidget* buildPicture(Selection& selection);
  QWidget* buildFoot();
  QWidget* buildSide(Selection& selection, const QStringList& controls);
  void refresh();
  void refreshMap();
  void sizeThumbs();
  RunController& controller_;
  RunButton* run_ = nullptr;
  QWidget *picture_ = nullptr, *side_ = nullptr;
  ExpertThumbs* thumbs_ = nullptr;
  RoutingMapView* map_ = nullptr;  // of a run of text
  ColourBar* scale_ = nullptr;
  TypeLabel *counter_ = nullptr, *headline_ = nullptr, *name_ = nullptr;
  std::map<QString, KnobRow*> knobs_;
  QTimer clock_;
};

}  // namespace moe::ui
