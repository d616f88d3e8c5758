// SPDX-License-Identifier: GPL-3.0-or-later
// The window: header, rail, docks, centre, timeline. It only arranges; the run lives in the controller, so that the
// window can be made anew (display scale) while training goes on.
#pragma once
#include <QMainWindow>
#include <map>

#include "ui/panels/welcome_tile.h"

class QMenu;
class QSettings;
class QStackedWidget;

namespace moe::ui {

class BannerBar;
class EmptyPage;
class CoachBubble;
class ExpertCard;
class HeaderBar;
class HealthLine;
class InspectPage;
class InspectSide;
class KnobsPanel;
class ModeRail;
class NewRunDialog;
class Panel;
class PlanePage;
class PresentPage;
class ProbeCard;
class RunController;
class RunHistory;
class Selection;
class SlowMotion;
class TourBubble;
class TrainPage;
class Transport;
class WelcomePage;
enum class BannerAction;
struct NewRunRequest;

enum class Perspective { train, inspect };

class MainWindow : public QMainWindow {
  Q_OBJECT
 public:
  /// `remember`: read and write the user's settings; off for pictures made from the command line.
  MainWindow(RunController& controller, Selection& selection, bool remember, QWidget* parent = nullptr);
  ~MainWindow() override;

  void setPerspective(Perspective perspective);
  Perspective perspective() const { return perspective_; }
  QAction* action(const QString& name) const;  // "run.toggle", "file.new" …
  QList<QAction*> commands() const;            // in menu order
  void resetLayout();
  /// Sends a new run off; a banner tells a refusal.
  void startRun(const NewRunRequest& request);
  void openRunFolder(const QString& folder, bool start);
  /// Tiles over a run of points that starts by itself when `play`; `engine`: the program that measures their pictures.
  void showWelcome(const QString& engine, bool play);
  static bool wantsWelcome();
  /// Five stops over the window; ends a tour that is on, Welcome and Present.
  void startTour();
  void endTour();
  TourBubble* tour() const { return tour_; }
  void setPresent(bool on);
  bool isPresenting() const { return present_ != nullptr; }
  void openSetup(const QString& file);
  bool saveSetupTo(const QString& file);
  /// Keys of the settings that the dock and Present show; empty: all (and balance and noise in Present).
  void setControls(const QStringList& keys);
  NewRunDialog* newRunDialog(const QString& path = {}, bool withPresentSettings = false);

  HeaderBar* header() const { return header_; }
  KnobsPanel* knobs() const { return knobs_; }
  BannerBar* banners() const { return banners_; }
  HealthLine* health() const { return health_; }
  TrainPage* trainPage() const { return train_; }
  InspectPage* inspectPage() const { return inspect_; }
  InspectSide* inspectSide() const { return side_; }
  Transport* transport() const { return transport_; }
  CoachBubble* coach() const { return coach_; }  // beside the canvas
  WelcomePage* welcome() const { return welcome_; }
  PresentPage* present() const { return present_; }
  PlanePage* planePage() const { return plane_; }
  SlowMotion* slowMotion() const { return slow_; }
  ProbeCard* probeCard() const { return probe_; }
  EmptyPage* emptyPage() const { return empty_; }

 signals:
  /// The window must be made anew: display scale was changed.
  void remakeWanted();

 protected:
  void closeEvent(QCloseEvent*) override;
  void showEvent(QShowEvent*) override;
  void resizeEvent(QResizeEvent*) override;
  bool event(QEvent*) override;
  void dragEnterEvent(QDragEnterEvent*) override;
  void dropEvent(QDropEvent*) override;

 private:
  using Slot = std::function<void()>;
  void buildCentre();
  void buildDocks();
  void connectAll();
  // main_window_actions.cpp
  QAction* add(QMenu* menu, const QString& name, const QString& text, const QKeySequence& keys, Slot slot);
  void buildActions();
  void buildFileMenu();
  void buildEditMenu();
  void buildViewMenu();
  void buildRunMenu();
  void buildHelpMenu();
  void refreshActions();
  void fillRecent(QMenu* menu);
  // main_window_layout.cpp
  void placeHeader();
  void defaultDockSizes();
  void saveLayout();
  void restoreLayout();
  bool layoutIsSane() const;
  // main_window_files.cpp
  void openRunByDialog();
  void rememberRecent();
  // main_window_setup.cpp
  void hideFrame(bool hide);
  void buildCoach();
  void dismissWelcome();
  void dropWelcomeRun();
  void chooseTile(WelcomeTile::Kind kind);
  void drawPoints();
  void chooseControls();
  void saveSetup();
  void openSetupByDialog();
  void applyTheme(bool dark);
  void exportPanel(bool values);
  void exportMetrics();
  void showTable(Panel* panel);
  void showModelSheet();
  void say(const QString& sentence);
  void handle(BannerAction action);
  void stopAndDiscard();
  void findAnything();
  void toggleRun();
  void stepOnce();
  void stepOnly(const QString& only);
  Panel* currentPanel() const;
  QList<Panel*> panels() const;
  void toggleMaximised(Panel* panel);
  void setScale(double scale);
  void setDark(bool dark);
  QWidget* centrePage() const;
  bool isPlane() const;
  void followTask();

  RunController& controller_;
  RunHistory& history_;
  Selection& selection_;
  const bool remember_;
  Perspective perspective_ = Perspective::train;
  bool restored_ = false, closing_ = false;
  HeaderBar* header_ = nullptr;
  ModeRail* rail_ = nullptr;
  BannerBar* banners_ = nullptr;
  HealthLine* health_ = nullptr;
  QStackedWidget *pages_ = nullptr, *sides_ = nullptr;
  EmptyPage* empty_ = nullptr;
  TrainPage* train_ = nullptr;
  PlanePage* plane_ = nullptr;
  WelcomePage* welcome_ = nullptr;
  PresentPage* present_ = nullptr;
  CoachBubble* coach_ = nullptr;
  TourBubble* tour_ = nullptr;
  QList<QDockWidget*> shownDocks_;
  QStringList controls_;
  double scaleBefore_ = 1;
  bool frameHidden_ = false, welcomeRun_ = false, darkBefore_ = false;
  InspectPage* inspect_ = nullptr;
  InspectSide* side_ = nullptr;
  KnobsPanel* knobs_ = nullptr;
  ExpertCard* card_ = nullptr;
  ProbeCard* probe_ = nullptr;
  SlowMotion* slow_ = nullptr;
  QStackedWidget* cards_ = nullptr;
  Transport* transport_ = nullptr;
  QDockWidget *leftDock_ = nullptr, *rightDock_ = nullptr, *footDock_ = nullptr;
  QList<QAction*> commands_;
  std::map<QString, QAction*> byName_;
};

/// The user's settings, an INI file under $XDG_CONFIG_HOME/moe-studio.
QSettings* openSettings(QObject* parent);

}  // namespace moe::ui
