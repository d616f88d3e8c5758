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

double poisson_upper_limit(std::int64_t count, double doubt) {
  // P(X <= count) under the mean, in logarithms of its terms: exact enough for any count.
  const auto chance = [count](double mean) {
    double sum = 0;
    for (std::int64_t i = 0; i <= count; ++i)
      sum += std::exp(static_cast<double>(i) * std::log(mean) - mean - std::lgamma(static_cast<double>(i) + 1));
    return sum;
  };
  double low = static_cast<double>(count), high = low + 20 + 10 * std::sqrt(low + 1);
  for (int i = 0; i < 60; ++i) {
    const double mean = 0.5 * (low + high);
    (mean > 0 && chance(mean) <= doubt ? high : low) = mean;
  }
  return high;
}

bool is_dead(std::int64_t count, std::int64_t total, int experts) {
  const double allowed = 0.05 * static_cast<double>(total) / experts;
  return static_cast<double>(count) < allowed && poisson_upper_limit(count, 1e-3) < allowed;
}

double entropy_share(double nats, int experts) { return experts > 1 ? nats / std::log(experts) : 0.0; }

}  // namespace moe::routing
