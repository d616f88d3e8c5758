// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/plane_history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ui/bridge/run_history.h"

namespace moe::ui {
namespace {

constexpr std::size_t kPicturesKept = 160;
constexpr int kRenewMs = 200;
constexpr qint64 kRateMs = 2'000;
using PicturePtr = std::shared_ptr<const protocol::PlanePicture>;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

PlaneHistory::PlaneHistory(EngineProcess& engine, RunHistory& history, QObject* parent)
    : QObject(parent), engine_(engine), history_(history), share_(kNaN) {
  clock_.start();
  renew_.setSingleShot(true);
  renew_.setInterval(kRenewMs);
  connect(&renew_, &QTimer::timeout, this, &PlaneHistory::sendProbe);
  connect(&engine, &EngineProcess::eventArrived, this, &PlaneHistory::onEvent);
  connect(&history, &RunHistory::runChanged, this, &PlaneHistory::forget);
  // The view moves with every step; what is shown changes only with the picture.
  connect(&history, &RunHistory::viewStepChanged, this, [this, last = PicturePtr()]() mutable {
    if (const PicturePtr now = picture(); std::exchange(last, now) != now) emit updated();
  });
}

bool PlaneHistory::active() const { return history_.hasRun() && history_.info().task == "plane"; }

bool PlaneHistory::isRegression() const {
  return points_ ? points_->classes == 0 : !pictures_.empty() && pictures_.back()->classes == 0;
}

QString PlaneHistory::className(int index) const {
  const auto i = static_cast<std::size_t>(index);
  if (points_ && i < points_->class_names.size()) return QString::fromStdString(points_->class_names[i]);
  return QString(QChar(u'A' + index));
}

std::shared_ptr<const protocol::PlanePicture> PlaneHistory::picture() const {
  if (pictures_.empty()) return nullptr;
  if (history_.isLive()) return pictures_.back();
  const auto after = std::upper_bound(pictures_.begin(), pictures_.end(), history_.viewStep(),
                                      [](qint64 step, const auto& each) { return step < each->step; });
  return after == pictures_.begin() ? pictures_.front() : *std::prev(after);
}

std::shared_ptr<const protocol::PlanePicture> PlaneHistory::scored() const {
  if (history_.isLive()) return scored_;
  for (auto it = pictures_.rbegin(); it != pictures_.rend(); ++it)
    if ((*it)->step <= history_.viewStep() && !(*it)->without.empty()) return *it;
  return nullptr;
}

double PlaneHistory::framesPerSecond() const {
  const qint64 now = clock_.elapsed();
  const auto first = std::find_if(arrivals_.begin(), arrivals_.end(), [&](qint64 at) { return now - at < kRateMs; });
  const auto recent = arrivals_.end() - first;
  if (recent < 2 || arrivals_.back() <= *first) return kNaN;
  return static_cast<double>(recent - 1) * 1000.0 / static_cast<double>(arrivals_.back() - *first);
}

double PlaneHistory::share() const { return share_; }

// ---- asking ---------------------------------------------------------------------------------------------------

void PlaneHistory::watch(QObject* viewer, bool seen) {
  if (seen)
    viewers_.insert(viewer);
  else
    viewers_.erase(viewer);
  sendWatch();
}

void PlaneHistory::setFramesPerSecond(int hz) {
  hz_ = std::clamp(hz, 1, 60);
  sendWatch();
}

void PlaneHistory::setNoise(bool on) {
  if (std::exchange(noise_, on) == on) return;
  if (told_ > 0) told_ = 0;  // the same rate, another content
  sendWatch();
}

void PlaneHistory::sendWatch() {
  const int wanted = viewers_.empty() || !active() ? 0 : hz_;
  if (wanted == told_ || !engine_.isRunning()) return;
  if (told_ < 0 && wanted == 0) return;  // an engine that was never asked paints nothing
  told_ = wanted;
  engine_.send(
      "watch",
      {{"what", "plane"}, {"hz", wanted}, {"thumb", kThumb}, {"scores", true}, {"draws", noise_ ? kDraws : 0}});
}

void PlaneHistory::askAgain() {
  told_ = -1;
  if (!active()) return;
  sendWatch();
  fetchPoints();
  if (place_) sendProbe();
}

void PlaneHistory::fetchPoints() {
  if (points_) return;
  engine_.send("data", nlohmann::ordered_json::object(), [this](const Reply& reply) {
    if (!reply.ok || !active()) return;
    try {
      setPoints(std::make_shared<const protocol::PlanePoints>(protocol::plane_points_from_json(reply.result)));
    } catch (const std::exception& problem) {
      emit unreadable(QString::fromUtf8(problem.what()));
    }
  });
}

void PlaneHistory::probeAt(QPointF place) {
  place_ = QPointF(std::clamp(place.x(), -1.0, 1.0), std::clamp(place.y(), -1.0, 1.0));
  emit probeChanged();
  sendProbe();
}

void PlaneHistory::clearProbe() {
  place_.reset();
  probe_.reset();
  emit probeChanged();
}

/// One question at a time; the newest place wins.
void PlaneHistory::sendProbe() {
  if (!place_ || !active() || !engine_.isRunning()) return;
  if (asking_) {
    askMore_ = true;
    return;
  }
  asking_ = true;
  engine_.send(
      "probe_point", {{"x", place_->x()}, {"y", place_->y()}, {"draws", kProbeDraws}}, [this](const Reply& reply) {
        asking_ = false;
        if (std::exchange(askMore_, false)) sendProbe();
        if (!reply.ok || !place_ || !active()) return;
        try {
          setProbe(std::make_shared<const protocol::PlaneProbe>(protocol::plane_probe_from_json(reply.result)));
        } catch (const std::exception& problem) {
          emit unreadable(QString::fromUtf8(problem.what()));
        }
      });
}

// ---- filling --------------------------------------------------------------------------------------------------

void PlaneHistory::onEvent(const QString& name, const nlohmann::json& message) {
  if (name != QLatin1String("plane")) return;
  try {
    add(std::make_shared<const protocol::PlanePicture>(protocol::plane_picture_from_json(message)));
  } catch (const std::exception& problem) {
    emit unreadable(QString::fromUtf8(problem.what()));
  }
}

void PlaneHistory::add(std::shared_ptr<const protocol::PlanePicture> picture) {
  while (!pictures_.empty() && pictures_.back()->step >= picture->step) pictures_.pop_back();
  const qint64 now = clock_.elapsed();
  arrivals_.push_back(now);
  while (!arrivals_.empty() && now - arrivals_.front() > kRateMs) arrivals_.pop_front();
  if (std::isfinite(picture->share))
    share_ = std::isfinite(share_) ? 0.9 * share_ + 0.1 * picture->share : picture->share;
  if (!picture->without.empty()) scored_ = picture;
  pictures_.push_back(std::move(picture));
  if (pictures_.size() > kPicturesKept) {  // every other one of the older half goes
    std::size_t out = 0;
    for (std::size_t i = 0; i < pictures_.size(); ++i)
      if (i >= pictures_.size() / 2 || i % 2 == 0) pictures_[out++] = pictures_[i];
    pictures_.resize(out);
  }
  if (place_ && !renew_.isActive()) renew_.start();
  emit updated();
}

void PlaneHistory::setPoints(std::shared_ptr<const protocol::PlanePoints> points) {
  points_ = std::move(points);
  emit updated();
}

void PlaneHistory::setProbe(std::shared_ptr<const protocol::PlaneProbe> probe) {
  probe_ = std::move(probe);
  emit probeChanged();
}

void PlaneHistory::showStage(std::shared_ptr<const protocol::PlaneStages> stages, int stage) {
  stages_ = std::move(stages);
  stage_ = stages_ ? stage : -1;
  emit stageChanged();
}

void PlaneHistory::forget() {
  points_.reset();
  pictures_.clear();
  scored_.reset();
  arrivals_.clear();
  share_ = kNaN;
  place_.reset();
  probe_.reset();
  showStage(nullptr, -1);
  emit probeChanged();
  emit updated();
  sendWatch();
}

}  // namespace moe::ui
