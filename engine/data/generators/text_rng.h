// SPDX-License-Identifier: Apache-2.0
// A sequential reader of one counter-based stream, for code that draws an unknown number of values.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "engine/core/random.h"

namespace moe::data {

class TextRng {
 public:
  /// Streams of different (key, stream) share no block of Philox.
  TextRng(std::uint64_t key, std::uint64_t stream) : key_(key), stream_(stream) {}

  std::uint32_t word() {
    if (used_ == 4) {
      block_ = Philox::block(key_, stream_, next_++);
      used_ = 0;
    }
    return block_[static_cast<std::size_t>(used_++)];
  }

  /// Uniform in [0, n), 0 < n < 2^31; by multiplication (Lemire 2019), the bias of n / 2^32 is of no account for text.
  int below(int n) {
    return static_cast<int>((static_cast<std::uint64_t>(word()) * static_cast<std::uint64_t>(n)) >> 32);
  }
  /// Uniform in [low, high].
  int between(int low, int high) { return low + below(high - low + 1); }
  /// True in `percent` of a hundred draws.
  bool chance(int percent) { return below(100) < percent; }

  /// One element of an array-like list.
  template <class List>
  const auto& pick(const List& list) {
    return list[static_cast<std::size_t>(below(static_cast<int>(std::size(list))))];
  }

 private:
  std::uint64_t key_, stream_, next_ = 0;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace moe::data
