// SPDX-License-Identifier: Apache-2.0
// One training step in stages, for slow motion.
#pragma once
#include "engine/protocol/plane.h"
#include "engine/train/session_run.h"

namespace moe::train {

/// Trains one step and says what happened in it: the forward pass of its batch is followed first, with the step's own
/// noise, which is a function of (seed, step), so these are the numbers that the step works with. Throws
/// Error(usage | diverged | resource).
protocol::PlaneStages take_apart(Run& run, int moe_layer);

}  // namespace moe::train
