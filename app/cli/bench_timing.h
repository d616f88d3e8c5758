// SPDX-License-Identifier: Apache-2.0
// The clock of moe-cli bench.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace moe::cli {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Of at least one value.
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace moe::cli
