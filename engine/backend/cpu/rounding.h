// SPDX-License-Identifier: Apache-2.0
// Operands of bfloat16 products: float32 matrices rounded into scratch, rows padded with zeros to a multiple of kRows.
// The padding bounds the number of shapes the library must prepare when the rows per expert change at every step.
#pragma once
#include <bit>
#include <cstdint>

#include "engine/backend/cpu/product_batch.h"
#include "engine/core/tensor.h"

namespace moe::cpu {

/// Round to nearest even; NaN stays NaN. Same bits on every processor, denormals included.
inline bf16 round_to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t rounded = (bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16;
  const bool nan = (bits & 0x7FFFFFFFu) > 0x7F800000u;
  return {static_cast<std::uint16_t>(nan ? (bits >> 16) | 0x40u : rounded)};
}

/// to[i] = from[i] rounded, i < n.
inline void round_row(bf16* to, const float* from, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) to[i] = round_to_bf16(from[i]);
}

/// Several matrices rounded in one parallel pass.
class Rounding {
 public:
  static constexpr std::int64_t kRows = 32;

  void clear() { list_.clear(); }
  /// to[round_up(rows, kRows), cols] = from[rows, cols], zeros below.
  void add(const float* from, bf16* to, std::int64_t rows, std::int64_t cols) {
    const std::int64_t padded = round_up(rows, kRows);
    list_.add({from, to, rows * cols, padded * cols}, (padded * cols + kGrain - 1) / kGrain);
  }
  void run(ThreadPool& pool) const {
    list_.run(pool, [](const Segment& s, std::int64_t task) {
      const std::int64_t begin = task * kGrain, end = std::min(s.padded, begin + kGrain);
      const std::int64_t middle = std::clamp(s.size, begin, end);
      round_row(s.to + begin, s.from + begin, middle - begin);
      for (std::int64_t i = middle; i < end; ++i) s.to[i] = bf16{0};
    });
  }

 private:
  static constexpr std::int64_t kGrain = 16384;
  struct Segment {
    const float* from;
    bf16* to;
    std::int64_t size, padded;
  };
  TaskList<Segment> list_;
};

}  // namespace moe::cpu
