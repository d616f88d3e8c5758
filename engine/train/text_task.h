// SPDX-License-Identifier: Apache-2.0
// Next-token prediction.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/data/prefetch.h"
#include "engine/train/task.h"

namespace moe::train {

/// A pass over `ids`[rows·context]. Throws Error(bad_input) on an id outside [0, V).
nn::Pass begin_text(Workbench& bench, std::span<const std::int32_t> ids, int rows, int context);

class TextTask final : public Task {
 public:
  TextTask(Workbench& bench, const data::Dataset& dataset) : bench_(bench), dataset_(dataset) {}
  nn::Pass begin(std::uint64_t step, int micro) override;
  void read_loss(nn::Pass& pass, View output) override;
  void score(StepReport&) override {}
  EvalReport evaluate(int windows) override;

 private:
  Workbench& bench_;
  const data::Dataset& dataset_;
  std::optional<data::Prefetcher> prefetcher_;  // made anew when the number of micro-batches changes
  int prefetched_micros_ = 0;
  const data::Batch* batch_ = nullptr;
  std::vector<std::vector<data::Window>> held_out_;  // [domains], read once for held_out_count_ windows
  int held_out_count_ = -1;
};

}  // namespace moe::train
