// SPDX-License-Identifier: Apache-2.0
#include "engine/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace moe::optim {

double learning_rate(const OptimConfig& optim, std::int64_t step, std::int64_t steps) {
  if (step < optim.warmup) return optim.lr * static_cast<double>(step + 1) / optim.warmup;
  if (optim.schedule == "constant") return optim.lr;
  const double span = static_cast<double>(std::max<std::int64_t>(1, steps - optim.warmup));
  const double t = std::min(1.0, static_cast<double>(step - optim.warmup) / span), r = optim.min_lr_ratio;
  if (optim.schedule == "linear") return optim.lr * (1 - (1 - r) * t);
  return optim.lr * (r + (1 - r) * (1 + std::cos(std::numbers::pi * t)) / 2);
}

}  // namespace moe::optim
