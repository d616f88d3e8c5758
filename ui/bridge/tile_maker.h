// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of the Welcome tiles: a second engine trains the real presets for a moment, and what it measured is kept in
// the user's cache. Nothing is drawn by hand; what could not be measured is absent.
#pragma once
#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <memory>
#include <vector>

#include "engine/protocol/messages.h"
#include "engine/protocol/plane.h"
#include "ui/bridge/engine_process.h"

class QTemporaryDir;

namespace moe::ui {

struct TilePictures {
  std::shared_ptr<const protocol::PlanePicture> plane;  // plane-spirals
  std::vector<std::vector<double>> collapse;            // plane-collapse: [time][expert] ratio to the fair share
  double repaired = 1;                                  // share of the rows after which balance and noise came back
  std::shared_ptr<const protocol::Trace> text;          // text-tiny: one held-out text, routed
  bool complete() const { return plane && !collapse.empty() && text; }
};

nlohmann::ordered_json toJson(const TilePictures& pictures);
/// What can be read of it; never throws.
TilePictures tilesFromJson(const nlohmann::json& json);

class TileMaker : public QObject {
  Q_OBJECT
 public:
  explicit TileMaker(QObject* parent = nullptr);
  ~TileMaker() override;
  const TilePictures& pictures() const { return pictures_; }
  /// Reads the cache; true when nothing is missing.
  bool load(const QString& engineVersion);
  /// Trains what is missing with `program`, one preset after the other and one thread each.
  void make(const QString& program);
  bool isBusy() const { return busy_; }
  void stop();
  static QString cacheFile(const QString& engineVersion);

 signals:
  void changed();
  void finished();

 private:
  void next();
  void begin(const char* preset, qint64 steps);
  void onState(const nlohmann::json& message);
  void measure();
  void closeRun();
  void save() const;

  EngineProcess engine_;
  TilePictures pictures_;
  QString version_, job_;
  std::unique_ptr<QTemporaryDir> folder_;
  qint64 target_ = 0;
  int number_ = 0;
  bool busy_ = false, measuring_ = false;
};

}  // namespace moe::ui
