// SPDX-License-Identifier: Apache-2.0
// Inside of Trainer, shared by its files: trainer.cpp (steps), tracing.cpp and plane_tracing.cpp (passes without
// noise).
#pragma once
#include <chrono>
#include <memory>
#include <vector>

#include "engine/train/layer_report.h"
#include "engine/train/model_size.h"
#include "engine/train/task.h"
#include "engine/train/trainer.h"

namespace moe::train {

struct Trainer::Impl : Workbench {
  Impl(const Config& config, const data::TaskData& data, std::unique_ptr<Backend> backend);

  ModelSize size() const { return model_size(config, model.points() ? model.points()->outputs() : 1); }
  double micro_batch(int micro);
  void keep_still();
  double check_gradients();
  void update(double norm, double lr);
  void write_report(double loss, double norm, double lr, double seconds, StepReport& report);

  const data::TaskData& data;
  std::unique_ptr<Task> task;
  std::vector<LayerTally> tallies;  // one for each MoE layer
  std::int64_t step = 0, tokens = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace moe::train
