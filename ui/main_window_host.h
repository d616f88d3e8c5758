// SPDX-License-Identifier: GPL-3.0-or-later
// Owns the run and the window of one studio process; carries out the command line, also the form that takes a picture.
#pragma once
#include <QObject>
#include <QPointF>
#include <QSize>
#include <QStringList>
#include <memory>
#include <optional>

#include "ui/bridge/run_controller.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/main_window.h"

class QTemporaryDir;

namespace moe::ui {

struct StudioOptions {
  QString preset, run, data, engine, screenshot, theme, perspective, select, setup;
  QStringList settings;  // key=value
  qint64 afterSteps = 0;
  bool present = false, reducedMotion = false, welcome = false;
  std::optional<QPointF> probe;  // with a screenshot: place on the plane to probe
  QSize size;
};

class Studio : public QObject {
  Q_OBJECT
 public:
  explicit Studio(StudioOptions options, QObject* parent = nullptr);
  ~Studio() override;
  /// Shows the window and starts the engine. A wrong option ends the program through finished().
  void start();
  MainWindow* window() const { return window_.get(); }
  RunController& controller() { return controller_; }
  Selection& selection() { return selection_; }

 signals:
  /// `sentence` is for stderr when the code is not 0.
  void finished(int code, const QString& sentence);

 private:
  void makeWindow();
  void begin();
  void openOrMake();
  void watchSteps();
  void shoot();
  NewRunRequest requested() const;
  bool wantsWelcome() const;
  void shootWelcome(int waited);
  void save();
  bool taking() const { return !options_.screenshot.isEmpty(); }

  StudioOptions options_;
  RunHistory history_;
  Selection selection_;
  RunController controller_;
  std::unique_ptr<MainWindow> window_;
  std::unique_ptr<QTemporaryDir> folder_;  // of the run behind a picture
  qint64 target_ = -1;
  bool shot_ = false;
};

}  // namespace moe::ui
