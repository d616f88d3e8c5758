// SPDX-License-Identifier: Apache-2.0
// Learning rate of a step.
#pragma once
#include <cstdint>

#include "engine/core/config.h"

namespace moe::optim {

/// Rate of the 0-based step s: lr·(s+1)/warmup while s < warmup, then with t = (s − warmup)/(steps − warmup), at most
/// 1, and r = min_lr_ratio: constant lr; linear lr·(1 − (1−r)·t); cosine lr·(r + (1−r)·(1 + cos πt)/2) (Loshchilov &
/// Hutter 2017, 1608.03983). After the horizon the rate stays at r·lr.
double learning_rate(const OptimConfig& optim, std::int64_t step, std::int64_t steps);

}  // namespace moe::optim
