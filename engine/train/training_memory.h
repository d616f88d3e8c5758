// SPDX-License-Identifier: Apache-2.0
// What a step of training holds in memory, from the model's dimensions: asked before a run starts on a device.
#pragma once
#include "engine/core/config.h"
#include "engine/core/tensor.h"

namespace moe::train {

struct TrainingMemory {
  double parameters = 0;  // bytes of weights, gradients, both moments and, where products read another dtype, a copy
  double row = 0;         // bytes of what one sequence (or point) of a micro-batch leaves for backward, and of scratch
  double total(const Config& config) const { return parameters + row * config.train.batch; }
};

/// A lower bound, as small arrays (a router's scores, plans, losses) are left out: about nine tenths of what the first
/// steps take (tst_training_memory). `operand`: dtype in which products read, see ops::operand_dtype().
TrainingMemory training_memory(const Config& config, DType real, DType operand);

}  // namespace moe::train
