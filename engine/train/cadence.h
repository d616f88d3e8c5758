// SPDX-License-Identifier: Apache-2.0
// When something that is done so many times a second is due again.
#pragma once
#include <algorithm>
#include <chrono>

namespace moe::train {

class Cadence {
 public:
  using Clock = std::chrono::steady_clock;
  Clock::time_point due() const { return due_; }
  /// It was done at `now`. The next time counts from when this one was due and not from when it came, so that waits
  /// which were rounded up (to a step's boundary) are made up for; of a longer delay only one gap is.
  void done(Clock::time_point now, double per_second) {
    const std::chrono::duration<double> wanted(std::min(1 / per_second, kLongest));
    const auto gap = std::chrono::duration_cast<Clock::duration>(wanted);
    due_ = std::max(due_, now - gap) + gap;
  }

 private:
  static constexpr double kLongest = 1e9;  // seconds, 30 years: more does not fit into a Clock::duration
  Clock::time_point due_{};                // at once
};

}  // namespace moe::train
