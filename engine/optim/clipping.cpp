// SPDX-License-Identifier: Apache-2.0
#include "engine/optim/clipping.h"

#include <cmath>

namespace moe::optim {

double gradient_norm(ops::Context& ctx, const nn::ParameterSet& parameters) {
  return std::sqrt(ops::sum_of_squares(ctx, parameters.all_gradients()));
}

double clip_scale(double norm, double clip) { return clip > 0 && norm > clip ? clip / norm : 1.0; }

}  // namespace moe::optim
