// SPDX-License-Identifier: Apache-2.0
// What a run learns: batches as model input, the loss, what is measured on held-out data. Text and points of the plane
// share everything else.
#pragma once
#include <cstdint>
#include <memory>

#include "engine/data/task_data.h"
#include "engine/nn/pass.h"
#include "engine/protocol/telemetry.h"
#include "engine/train/workbench.h"

namespace moe::train {

class Task {
 public:
  virtual ~Task() = default;
  /// Loads the micro-batch of a step and begins a pass over it, for training.
  virtual nn::Pass begin(std::uint64_t step, int micro) = 0;
  /// After model.forward of that pass: the task loss of every position into Workbench::host_loss, and whatever else is
  /// counted; prepares model.backward. `output` is what the forward gave.
  virtual void read_loss(nn::Pass& pass, View output) = 0;
  /// Writes what was counted since the first micro-batch of the step into its report.
  virtual void score(StepReport& report) = 0;
  /// Held-out metrics, without noise. Never changes weights or random state. `windows`: of text, in each domain.
  virtual EvalReport evaluate(int windows) = 0;
};

/// The task that the settings name. `bench` and `data` must outlive it. Throws Error(usage) when the data are another
/// task's.
std::unique_ptr<Task> make_task(Workbench& bench, const data::TaskData& data);

}  // namespace moe::train
