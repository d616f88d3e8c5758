// SPDX-License-Identifier: Apache-2.0
#include "engine/optim/adamw.h"

namespace moe::optim {

void adamw_step(ops::Context& ctx, nn::ParameterSet& parameters, const OptimConfig& optim, double lr, std::int64_t step,
                double gradient_scale) {
  for (const auto& span : parameters.spans()) {
    const double decay = span.decay ? optim.weight_decay : 0.0;
    ops::adamw_step(ctx, span.value, span.gradient, span.first_moment, span.second_moment,
                    {lr, optim.beta1, optim.beta2, optim.eps, decay, step, gradient_scale}, span.rounded);
  }
}

}  // namespace moe::optim
