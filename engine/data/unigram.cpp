// SPDX-License-Identifier: Apache-2.0
#include "engine/data/unigram.h"

#include <cmath>
#include <limits>

namespace moe::data {

void Unigram::add(std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) ++counts_[static_cast<std::size_t>(token)];
  total_ += tokens.size();
}

double Unigram::cross_entropy(std::span<const std::int32_t> tokens) const {
  if (tokens.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double log_total = std::log(static_cast<double>(total_) + 0.5 * static_cast<double>(counts_.size()));
  double sum = 0;
  for (const std::int32_t token : tokens) {
    sum += log_total - std::log(static_cast<double>(counts_[static_cast<std::size_t>(token)]) + 0.5);
  }
  return sum / static_cast<double>(tokens.size());
}

}  // namespace moe::data
