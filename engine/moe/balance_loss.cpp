// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/balance_loss.h"

namespace moe::routing {

double balance_loss(std::span<const double> mean_probability, std::span<const std::int32_t> counts,
                    std::int64_t assignments) {
  double sum = 0;
  for (std::size_t e = 0; e < counts.size(); ++e) sum += counts[e] * mean_probability[e];
  return static_cast<double>(counts.size()) * sum / static_cast<double>(assignments);
}

double z_loss(nn::Pass& pass, ConstView lse) {
  return ops::sum_of_squares(pass.ctx, lse) / static_cast<double>(lse.size());
}

}  // namespace moe::routing
