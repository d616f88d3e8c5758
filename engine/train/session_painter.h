// SPDX-License-Identifier: Apache-2.0
// Paints the plane while training goes on: a thread with a copy of the model, one thread of the backend wide. Training
// pays for the copy of the parameters alone, and only when a picture is due and the last one is done.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/train/cadence.h"
#include "engine/train/session_emit.h"
#include "engine/train/session_picture.h"

namespace moe::train {

/// What `watch` asks for.
struct PlaneWatch {
  double hz = 0;  // 0: no pictures
  PictureRequest live;
  int still_grid = 192;  // while training stands
  double budget = 0.1;   // most share of the painting thread's time while training goes on
};

class PlanePainter {
 public:
  explicit PlanePainter(const Emitter& emit) : emit_(emit) {}
  ~PlanePainter();
  PlanePainter(const PlanePainter&) = delete;
  PlanePainter& operator=(const PlanePainter&) = delete;

  // ---- the session's thread -------------------------------------------------------------------------------------
  /// Replaces what was asked before; the next offer() is painted.
  void watch(const PlaneWatch& watch);
  bool wanted() const { return watch_.hz > 0; }
  /// The model between two steps. While it runs, a picture that is not due is not begun; while it stands, each change
  /// of it is painted, after the picture that is being painted.
  void offer(const Trainer& trainer, const data::TaskData& data, bool running);
  /// Waits for the picture in work and forgets the model: its data may go.
  void forget();

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    Config config;
    const data::PlaneData* data = nullptr;
    std::int64_t step = 0;
    std::vector<std::string> names;     // of the tensors
    std::vector<std::byte> parameters;  // one tensor after the other
    PictureRequest request;
    double budget = 0;
    bool still = false;
  };
  void work();
  void paint_job(const Job& job);
  void take(const Trainer& trainer, const data::PlaneData& data, bool running);

  const Emitter& emit_;
  PlaneWatch watch_;
  std::string painted_config_;  // of the last picture while training stood
  std::int64_t painted_step_ = -1;
  bool painted_still_ = false;
  Clock::time_point last_offer_{};
  Cadence cadence_;  // of pictures while it runs

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, idle_;
  Job job_;
  bool busy_ = false, closing_ = false;
  double last_seconds_ = 0;  // of the last picture

  // The painting thread's own.
  std::unique_ptr<Trainer> twin_;
  std::string twin_config_;
  const data::PlaneData* twin_data_ = nullptr;
  Clock::time_point last_start_{}, last_scores_{};
  std::thread thread_;
};

}  // namespace moe::train
