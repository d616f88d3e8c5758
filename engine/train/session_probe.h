// SPDX-License-Identifier: Apache-2.0
// The pictures' measurements: a fixed set of held-out windows of each domain is followed through the model now and
// then.
#pragma once
#include <chrono>
#include <cstdint>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/protocol/messages.h"
#include "engine/train/trainer.h"

namespace moe::train {

class Prober {
 public:
  /// Reads the windows once: about 512 tokens of each domain, fewer when there are many domains.
  Prober(const data::Dataset& dataset, int context, std::uint64_t seed);

  /// Changes neither weights nor random state. Layers without a router are left out.
  protocol::ProbeReport measure(const Trainer& trainer);
  /// Whether a probe is wanted after `step`: `every` steps or five seconds after the last one, but never so often that
  /// probes take more than three hundredths of the time.
  bool due(std::int64_t step, int every) const;
  std::int64_t last_step() const { return last_step_; }  // −1: none yet

 private:
  using Clock = std::chrono::steady_clock;
  const data::Dataset& dataset_;
  std::uint64_t seed_;
  int context_;
  std::vector<data::Window> windows_;
  std::int64_t last_step_ = -1;
  Clock::time_point last_end_{};
  double seconds_ = 0;
};

}  // namespace moe::train
