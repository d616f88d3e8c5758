// SPDX-License-Identifier: Apache-2.0
// Gathers a layer's routing over the micro-batches of a step: loads and masses are summed, losses and entropies
// averaged.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/moe/moe_layer.h"
#include "engine/protocol/telemetry.h"

namespace moe::train {

class LayerTally {
 public:
  explicit LayerTally(int experts);
  void clear();
  /// Takes in the layer's last forward.
  void add(routing::MoeLayer& layer, nn::Pass& pass);
  /// Assignments of the step so far.
  const std::vector<std::int64_t>& counts() const { return experts_.counts; }
  /// Overwrites `out`, keeping the memory of its vectors.
  void write(int layer, LayerReport& out) const;

 private:
  routing::ExpertTally experts_;
  routing::LayerStatistics sums_;  // over micro-batches
  int micro_batches_ = 0;
};

}  // namespace moe::train
