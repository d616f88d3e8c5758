// SPDX-License-Identifier: GPL-3.0-or-later
// The studio's first seconds: tiles over a plane that is being learned, and a coach who says what was measured.
#pragma once
#include <QList>
#include <QTimer>
#include <QWidget>

#include "ui/panels/welcome_tile.h"

class QCheckBox;

namespace moe::ui {

class CoachBubble;
class PlaneView;
class RunController;
class RunHistory;
class Selection;
struct NewRunRequest;

class WelcomePage : public QWidget {
  Q_OBJECT
 public:
  static constexpr int kCoachMs = 8'000;
  WelcomePage(RunController& controller, Selection& selection, QWidget* parent = nullptr);
  WelcomeTile* tile(WelcomeTile::Kind kind) const;
  CoachBubble* coach() const { return coach_; }
  PlaneView* view() const { return view_; }
  QCheckBox* showAtStart() const { return show_; }
  TileMaker& tileMaker() { return tiles_; }
  /// The run behind the tiles: blobs without a balance loss, so that there is something to repair, at a pace that can
  /// be watched.
  static NewRunRequest firstRun();
  /// Pictures of the tiles: from the cache, else a second engine makes them. `reduced`: only the cache.
  void makePictures(const QString& program, bool reduced);
  void setCoachMs(int milliseconds) { coachMs_ = milliseconds; }
  /// The coach speaks now; false: nothing is measured yet.
  bool letCoachSpeak();

 signals:
  void chosen(moe::ui::WelcomeTile::Kind kind);
  void dismissed();
  void tourWanted();
  void knobEdited(const QString& key, const nlohmann::json& value, int session);

 protected:
  void keyPressEvent(QKeyEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  void showEvent(QShowEvent*) override;
  void hideEvent(QHideEvent*) override;

 private:
  QWidget* buildTiles();
  void waitForCoach();
  void place();
  void coverView();
  RunController& controller_;
  PlaneView* view_;
  QWidget* sheet_;
  QList<WelcomeTile*> buttons_;
  QCheckBox* show_ = nullptr;
  CoachBubble* coach_;
  TileMaker tiles_;
  QTimer coachTimer_;
  int coachMs_ = kCoachMs;
  bool coached_ = false;
};

}  // namespace moe::ui
