// SPDX-License-Identifier: Apache-2.0
// How evenly a layer's assignments fall on its experts. The load share is f_i = c_i / Σ c, the ideal 1/E.
#pragma once
#include <cstdint>
#include <span>

namespace moe::routing {

struct LoadStats {
  double entropy = 0;            // H(f) / ln E, 1 = even; 1 when E = 1
  double effective_experts = 0;  // exp(H(f))
  double cv = 0;                 // population standard deviation / mean of the loads
  double max_violation = 0;      // (max − mean)/mean; DeepSeek's MaxVio (2408.15664)
  int dead = 0;                  // experts without an assignment
};

/// Of counts[E]; all zero counts give entropy 0, no effective expert and E dead ones.
LoadStats load_stats(std::span<const std::int64_t> counts);

/// Largest mean of a Poisson distribution under which `count` or fewer would still be seen with probability `doubt`.
double poisson_upper_limit(std::int64_t count, double doubt);

/// Whether an expert with `count` of the `total` assignments of a window is dead: with 99.9 % confidence its share is
/// below 5 % of the fair share 1/E. In a window too short to tell it is not.
bool is_dead(std::int64_t count, std::int64_t total, int experts);

/// An entropy in nats as a share of ln E, the largest possible; 0 when E = 1.
double entropy_share(double nats, int experts);

}  // namespace moe::routing
