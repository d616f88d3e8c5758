// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_painter.h"

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>

#include "engine/backend/make_backend.h"
#include "engine/core/error.h"

namespace moe::train {
namespace {

constexpr double kScoresApart = 0.5;  // s

double seconds_between(std::chrono::steady_clock::time_point a, std::chrono::steady_clock::time_point b) {
  return std::chrono::duration<double>(b - a).count();
}

/// What this thread has computed for: a busy machine that keeps it waiting is no cost of the picture.
double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::size_t bytes_of(const std::vector<std::int64_t>& shape, bool is_f64) {
  std::size_t n = is_f64 ? sizeof(double) : sizeof(float);
  for (const auto dim : shape) n *= static_cast<std::size_t>(dim);
  return n;
}

std::string text_of(const Config& config) { return to_json(config).dump(); }

}  // namespace

PlanePainter::~PlanePainter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PlanePainter::watch(const PlaneWatch& watch) {
  watch_ = watch;
  painted_step_ = -1;
  last_offer_ = {};
  cadence_ = {};
  if (wanted() && !thread_.joinable()) thread_ = std::thread([this] { work(); });
}

void PlanePainter::offer(const Trainer& trainer, const data::TaskData& data, bool running) {
  if (!wanted() || !data.plane()) return;
  if (running) {
    const auto now = Clock::now();
    const double since = seconds_between(last_offer_, now);
    if (now < cadence_.due()) return;
    const std::lock_guard lock(mutex_);
    if (busy_ || since * watch_.budget < last_seconds_) return;
    last_offer_ = now;
    cadence_.done(now, watch_.hz);
    return take(trainer, *data.plane(), true);
  }
  const std::string config = text_of(trainer.config());
  if (painted_still_ && painted_step_ == trainer.step_count() && painted_config_ == config) return;
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !busy_; });
  painted_config_ = config;
  take(trainer, *data.plane(), false);
}

void PlanePainter::take(const Trainer& trainer, const data::PlaneData& data, bool running) {
  painted_step_ = trainer.step_count();
  painted_still_ = !running;
  job_.config = trainer.config();
  job_.data = &data;
  job_.step = trainer.step_count();
  job_.names.clear();
  job_.parameters.clear();
  for (const NamedTensor& tensor : trainer.parameters()) {
    const auto* bytes = static_cast<const std::byte*>(tensor.data);
    job_.names.push_back(tensor.name);
    job_.parameters.insert(job_.parameters.end(), bytes, bytes + bytes_of(tensor.shape, tensor.is_f64));
  }
  job_.request = watch_.live;
  if (!running) job_.request.grid = watch_.still_grid;
  job_.budget = watch_.budget;
  job_.still = !running;
  busy_ = true;
  wake_.notify_all();
}

void PlanePainter::forget() {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !busy_; });
  twin_.reset();  // the thread waits, and finds a new model at its next job
  twin_data_ = nullptr;
  painted_step_ = -1;
}

void PlanePainter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || busy_; });
    if (closing_) return;
    lock.unlock();
    const double start = thread_seconds();
    try {
      paint_job(job_);
    } catch (...) {
      emit_.event("error", protocol::to_json(describe(std::current_exception())));
    }
    const double seconds = thread_seconds() - start;
    lock.lock();
    if (!job_.still) last_seconds_ = seconds;
    busy_ = false;
    idle_.notify_all();
  }
}

void PlanePainter::paint_job(const Job& job) {
  const auto start = Clock::now();
  const double before = thread_seconds();
  if (const std::string config = text_of(job.config); !twin_ || twin_data_ != job.data || twin_config_ != config) {
    Config own = job.config;
    own.train.threads = 1;
    twin_ = std::make_unique<Trainer>(own, *job.data, make_backend("cpu", 1));
    twin_config_ = config;
    twin_data_ = job.data;
  }
  // By name: a router that was switched live may have its tensors in another order than a fresh one.
  std::map<std::string, MutableNamedTensor> targets;
  for (MutableNamedTensor& tensor : twin_->mutable_parameters()) targets.emplace(tensor.name, tensor);
  const std::byte* from = job.parameters.data();
  for (const std::string& name : job.names) {
    const MutableNamedTensor& tensor = targets.at(name);
    const std::size_t bytes = bytes_of(tensor.shape, tensor.is_f64);
    std::memcpy(tensor.data, from, bytes);
    from += bytes;
  }
  twin_->loaded(job.step, 0);
  PictureRequest request = job.request;
  // Scores are read, not watched: while training goes on two a second are enough.
  request.scores = request.scores && (job.still || seconds_between(last_scores_, start) >= kScoresApart);
  if (request.scores) last_scores_ = start;
  protocol::PlanePicture picture = paint(*twin_, *job.data, request);
  picture.still = job.still;
  picture.seconds = thread_seconds() - before;
  picture.budget = job.budget;
  if (last_start_ != Clock::time_point{}) {
    picture.interval = seconds_between(last_start_, start);
    picture.share = std::min(1.0, picture.seconds / std::max(picture.interval, 1e-9));
  }
  last_start_ = start;
  emit_.plane(protocol::to_json(picture));
}

}  // namespace moe::train
