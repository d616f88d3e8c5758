// SPDX-License-Identifier: GPL-3.0-or-later
// What the window knows of a run of points beside its history: the points, pictures of the plane, one probed point and
// a step in stages. Pictures are asked for only while somebody looks.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QPointF>
#include <QTimer>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/protocol/plane.h"
#include "ui/bridge/engine_process.h"

namespace moe::ui {

class RunHistory;

class PlaneHistory : public QObject {
  Q_OBJECT
 public:
  static constexpr int kFramesPerSecond = 20, kCalmFrames = 2, kThumb = 40;
  static constexpr int kDraws = 16, kProbeDraws = 64;  // of the router's noise: in a picture, at the probed point

  PlaneHistory(EngineProcess& engine, RunHistory& history, QObject* parent = nullptr);

  /// The open run is of points.
  bool active() const;
  /// Of values: no classes.
  bool isRegression() const;
  std::shared_ptr<const protocol::PlanePoints> points() const { return points_; }
  /// Live: the newest; looking back: the newest at or before that step, of those kept (about 160 over the run); null
  /// before the first.
  std::shared_ptr<const protocol::PlanePicture> picture() const;
  /// The newest picture at or before what is looked at that has scores without each expert; null: none yet.
  std::shared_ptr<const protocol::PlanePicture> scored() const;
  /// "A", or the name in a file.
  QString className(int index) const;

  // ---- cost, as measured ---------------------------------------------------------------------------------------
  double framesPerSecond() const;  // pictures that came during the last two seconds; NaN: none did
  double share() const;            // of the painting thread's time, smoothed; NaN: not known yet

  // ---- asking --------------------------------------------------------------------------------------------------
  /// A viewer that is seen, or no longer. Without one the engine paints nothing.
  void watch(QObject* viewer, bool seen);
  bool isWatched() const { return !viewers_.empty(); }
  void setFramesPerSecond(int hz);  // reduced motion: 2
  /// Whether pictures also tell what the router's noise does: that costs several passes.
  void setNoise(bool on);
  /// Sends what is asked for to an engine that has just been greeted, or that has opened a run.
  void askAgain();
  /// Place on the canvas [−1,1]², y upwards; the answer follows and is renewed as the model changes.
  void probeAt(QPointF place);
  void clearProbe();
  std::optional<QPointF> probePlace() const { return place_; }
  std::shared_ptr<const protocol::PlaneProbe> probe() const { return probe_; }

  // ---- one step in stages (slow motion) --------------------------------------------------------------------------
  std::shared_ptr<const protocol::PlaneStages> stages() const { return stages_; }
  int stage() const { return stage_; }  // 0 … 7, −1: none
  void showStage(std::shared_ptr<const protocol::PlaneStages> stages, int stage);

  // ---- filling (bridge and tests) --------------------------------------------------------------------------------
  void setPoints(std::shared_ptr<const protocol::PlanePoints> points);
  void add(std::shared_ptr<const protocol::PlanePicture> picture);
  void setProbe(std::shared_ptr<const protocol::PlaneProbe> probe);

 signals:
  void updated();  // picture, points or what is looked at
  void probeChanged();
  void stageChanged();
  void unreadable(const QString& why);  // an answer that is none

 private:
  void onEvent(const QString& name, const nlohmann::json& message);
  void forget();
  void fetchPoints();
  void sendWatch();
  void sendProbe();

  EngineProcess& engine_;
  RunHistory& history_;
  std::shared_ptr<const protocol::PlanePoints> points_;
  std::vector<std::shared_ptr<const protocol::PlanePicture>> pictures_;  // ascending steps
  std::shared_ptr<const protocol::PlanePicture> scored_;
  std::shared_ptr<const protocol::PlaneProbe> probe_;
  std::shared_ptr<const protocol::PlaneStages> stages_;
  int stage_ = -1, hz_ = kFramesPerSecond, told_ = -1;
  std::optional<QPointF> place_;
  std::set<QObject*> viewers_;
  std::deque<qint64> arrivals_;  // ms
  QElapsedTimer clock_;
  QTimer renew_;
  double share_;
  bool asking_ = false, askMore_ = false, noise_ = false;
};

}  // namespace moe::ui
