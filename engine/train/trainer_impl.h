// SPDX-License-Identifier: Apache-2.0
// Inside of Trainer, shared by its files: trainer.cpp (steps), tracing.cpp and plane_tracing.cpp (passes without
// noise).
#pragma once
#include <chrono>
#include <memory>
#include <vector>

#include "engine/train/expert_history.h"
#include "engine/train/host_tensors.h"
#include "engine/train/layer_report.h"
#include "engine/train/model_size.h"
#include "engine/train/task.h"
#include "engine/train/trainer.h"
#include "engine/train/transplant.h"

namespace moe::train {

/// How often each token occurs in the first batches of the run: a pure function of the data and the seed.
std::vector<double> count_of_tokens(const Config& config, const data::Dataset& text);

struct Trainer::Impl : Workbench {
  Impl(const Config& config, const data::TaskData& data, std::unique_ptr<Backend> backend);

  ModelSize size() const { return model_size(config, model->points() ? model->points()->outputs() : 1); }
  double micro_batch(int micro);
  void keep_still();
  double check_gradients();
  void update(double norm, double lr);
  void write_report(double loss, double norm, double lr, double elapsed, StepReport& report);

  // ---- live changes (trainer_live.cpp)
  /// Replaces the model by one of the configuration `next` and brings everything learned along; names of tensors that
  /// started anew. Throws Error(resource) and changes nothing.
  std::vector<std::string> rebuild(const Config& next, const std::vector<ExpertOrigin>& origins);
  std::string act(const Config& next, const std::string& key, const std::string& value);
  std::string revive(std::size_t at, int expert);  // at: place among the MoE layers
  std::string change_experts(const Config& next);
  std::string change_policy(const Config& next);
  void revive_dead_experts();

  const data::TaskData& data;
  std::unique_ptr<Task> task;
  std::vector<LayerTally> tallies;        // one for each MoE layer
  std::vector<ExpertHistory> histories;   // one for each MoE layer
  std::vector<std::vector<int>> revived;  // [MoE layers] experts revived after the last step
  HostTensors host_tensors;
  std::int64_t step = 0, tokens = 0;
  std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
};

}  // namespace moe::train
