// SPDX-License-Identifier: Apache-2.0
#include "engine/moe/routing_stats.h"

#include <algorithm>
#include <cmath>

namespace moe::routing {

LoadStats load_stats(std::span<const std::int64_t> counts) {
  LoadStats out;
  double total = 0, largest = 0;
  for (const auto c : counts) {
    total += static_cast<double>(c);
    largest = std::max(largest, static_cast<double>(c));
    out.dead += c == 0;
  }
  if (total <= 0) return out;
  const double experts = static_cast<double>(counts.size()), mean = total / experts;
  double squares = 0, entropy = 0;
  for (const auto c : counts) {
    const double count = static_cast<double>(c), share = count / total;
    squares += (count - mean) * (count - mean);
    if (c > 0) entropy -= share * std::log(share);
  }
  out.effective_experts = std::exp(entropy);
  out.entropy = counts.size() > 1 ? entropy / std::log(experts) : 1.0;
  out.cv = std::sqrt(squares / experts) / mean;
  out.max_violation = (largest - mean) / mean;
  return out;
}

double entropy_share(double nats, int experts) { return experts > 1 ? nats / std::log(experts) : 0.0; }

}  // namespace moe::routing
