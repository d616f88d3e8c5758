// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/tile_maker.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QTimer>
#include <numeric>

namespace moe::ui {
namespace {

using Fields = nlohmann::ordered_json;

constexpr auto kPlane = "plane-spirals", kCollapse = "plane-collapse", kText = "text-tiny";
constexpr qint64 kPlaneSteps = 1'500, kCollapseSteps = 400, kRepairStep = 160, kTextSteps = 120;
constexpr double kRepairBalance = 0.03, kRepairNoise = 1;
constexpr int kForm = 2;  // of the cache: pictures of another form are made anew
constexpr int kCollapseRows = 40;
constexpr int kStoreMs = 700;  // the store is at most half a second behind

std::vector<double> ratios(const protocol::StepReport& report) {
  std::vector<double> out;
  if (report.layers.empty()) return out;
  const auto& load = report.layers.front().load;
  const auto total = static_cast<double>(std::accumulate(load.begin(), load.end(), std::int64_t{0}));
  for (const auto count : load)
    out.push_back(total > 0 ? static_cast<double>(count) * static_cast<double>(load.size()) / total : 0);
  return out;
}

}  // namespace

nlohmann::ordered_json toJson(const TilePictures& pictures) {
  Fields out{{"form", kForm}};
  if (pictures.plane) out["plane"] = to_json(*pictures.plane);
  if (!pictures.collapse.empty()) out["collapse"] = pictures.collapse;
  out["repaired"] = pictures.repaired;
  if (pictures.text) out["text"] = to_json(*pictures.text);
  return out;
}

TilePictures tilesFromJson(const nlohmann::json& json) {
  TilePictures out;
  if (!json.is_object()) return out;
  try {
    if (json.value("form", 0) != kForm) return out;
    out.repaired = json.value("repaired", 1.0);
    if (json.contains("plane"))
      out.plane = std::make_shared<const protocol::PlanePicture>(protocol::plane_picture_from_json(json.at("plane")));
    if (json.contains("collapse")) out.collapse = json.at("collapse").get<std::vector<std::vector<double>>>();
    if (json.contains("text"))
      out.text = std::make_shared<const protocol::Trace>(protocol::trace_from_json(json.at("text")));
  } catch (const std::exception&) {
    return {};  // of another version: made anew
  }
  return out;
}

TileMaker::TileMaker(QObject* parent) : QObject(parent) {
  connect(&engine_, &EngineProcess::eventArrived, this, [this](const QString& name, const nlohmann::json& message) {
    if (name == QLatin1String("state")) onState(message);
  });
  connect(&engine_, &EngineProcess::died, this, [this] {
    busy_ = false;
    emit finished();
  });
}

TileMaker::~TileMaker() { stop(); }

QString TileMaker::cacheFile(const QString& engineVersion) {
  return QStandardPaths::writableLocation(QStandardPaths::GenericCacheLocation) +
         QStringLiteral("/moe-studio/welcome-") + engineVersion + QStringLiteral(".json");
}

bool TileMaker::load(const QString& engineVersion) {
  version_ = engineVersion;
  QFile file(cacheFile(engineVersion));
  if (file.open(QIODevice::ReadOnly)) {
    const QByteArray bytes = file.readAll();
    pictures_ = tilesFromJson(nlohmann::json::parse(bytes.begin(), bytes.end(), nullptr, false));
    emit changed();
  }
  return pictures_.complete();
}

void TileMaker::save() const {
  const QString name = cacheFile(version_);
  QDir().mkpath(QFileInfo(name).path());
  QSaveFile file(name);
  if (!file.open(QIODevice::WriteOnly)) return;  // without a cache they are made again next time
  const std::string text = toJson(pictures_).dump();
  file.write(text.data(), static_cast<qint64>(text.size()));
  file.commit();
}

void TileMaker::make(const QString& program) {
  if (busy_ || pictures_.complete()) return;
  folder_ = std::make_unique<QTemporaryDir>();
  busy_ = true;
  number_ = 0;
  engine_.start(program);
  engine_.send("hello", {{"protocol", protocol::kVersion}}, [this](const Reply& reply) {
    if (reply.ok) next();
  });
}

void TileMaker::stop() {
  busy_ = false;
  if (engine_.isRunning()) engine_.shutDown(500);
}

void TileMaker::next() {
  measuring_ = false;
  for (; number_ < 3; ++number_) {
    if (number_ == 0 && !pictures_.plane) return begin(kPlane, kPlaneSteps);
    if (number_ == 1 && pictures_.collapse.empty()) return begin(kCollapse, kCollapseSteps);
    if (number_ == 2 && !pictures_.text) return begin(kText, kTextSteps);
  }
  save();
  stop();
  emit finished();
}

void TileMaker::begin(const char* preset, qint64 steps) {
  job_ = QLatin1String(preset);
  target_ = steps;
  ++number_;
  const Fields settings{{"train.threads", 1}};
  Fields edits = Fields::array();
  if (job_ == QLatin1String(kCollapse))  // it collapses, and is repaired
    edits = {{{"step", kRepairStep}, {"key", "balance.coefficient"}, {"value", kRepairBalance}},
             {{"step", kRepairStep}, {"key", "router.noise"}, {"value", kRepairNoise}}};
  engine_.send("new",
               {{"preset", preset},
                {"settings", settings},
                {"at", edits},
                {"run", folder_->filePath(QStringLiteral("tile%1").arg(number_)).toStdString()},
                {"start", false}},
               [this](const Reply& reply) {
                 if (!reply.ok) return next();  // its tile stays without a picture
                 engine_.send("run", {{"until", target_}});
               });
}

void TileMaker::onState(const nlohmann::json& message) {
  const bool stands =
      message.value("state", std::string()) == "paused" || message.value("state", std::string()) == "finished";
  if (!busy_ || measuring_ || !stands || message.value("step", qint64{0}) < target_) return;
  measuring_ = true;
  QTimer::singleShot(kStoreMs, this, &TileMaker::measure);
}

void TileMaker::measure() {
  if (job_ == QLatin1String(kPlane)) {
    engine_.send("plane", {{"grid", 96}, {"thumb", 0}}, [this](const Reply& reply) {
      if (reply.ok)
        pictures_ = [&] {
          TilePictures out = tilesFromJson({{"form", kForm}, {"plane", reply.result}});
          out.collapse = pictures_.collapse;
          out.repaired = pictures_.repaired;
          out.text = pictures_.text;
          return out;
        }();
      closeRun();
    });
    return;
  }
  if (job_ == QLatin1String(kCollapse)) {
    engine_.send("history", {{"from", 1}, {"to", target_}, {"max_rows", kCollapseRows}}, [this](const Reply& reply) {
      try {
        for (const auto& row : reply.result.at("steps"))
          pictures_.collapse.push_back(ratios(protocol::step_from_json(row)));
        pictures_.repaired = static_cast<double>(kRepairStep) / kCollapseSteps;
      } catch (const std::exception&) {
        pictures_.collapse.clear();
      }
      closeRun();
    });
    return;
  }
  engine_.send("at", {{"step", target_}, {"window", 1}}, [this](const Reply& reply) {
    try {
      const protocol::ProbeReport probe = protocol::probe_from_json(reply.result.at("probe"));
      if (probe.strips.size() > 1) pictures_.text = std::make_shared<const protocol::Trace>(probe.strips[1]);
    } catch (const std::exception&) {
      pictures_.text.reset();
    }
    closeRun();
  });
}

void TileMaker::closeRun() {
  emit changed();
  engine_.send("stop", {{"keep", false}}, [this](const Reply&) { next(); });
}

}  // namespace moe::ui
