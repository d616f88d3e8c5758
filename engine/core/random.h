// SPDX-License-Identifier: Apache-2.0
// Counter-based randomness: a number is a function of (key, counter), so a resumed or replayed run draws the same
// numbers whatever the order or the number of threads. Philox4x32-10, Salmon et al. 2011 (SC'11).
#pragma once
#include <array>
#include <cstdint>

namespace moe {

struct Philox {
  /// Four independent 32-bit words of (key, 128-bit counter).
  static std::array<std::uint32_t, 4> block(std::uint64_t key, std::uint64_t counter_hi, std::uint64_t counter_lo);
};

/// What a stream is for; part of the counter, so two purposes never share numbers. Values are saved formats: append
/// only.
enum class Purpose : std::uint32_t {
  initialise = 1,
  batch = 2,
  document = 3,
  split = 4,
  router_noise = 5,
  router_choice = 6,
  shuffle = 7,
  sample = 8,
  revive = 9,
  router_jitter = 10,
  router_uniform = 11,
  router_learned = 12,
  random_routing = 13,
  random_second = 14,
};

/// A named stream: (seed, step, layer or row, purpose). `at(i)` gives the i-th block of four words.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0, std::uint32_t lane = 0);
  std::array<std::uint32_t, 4> at(std::uint64_t index) const;
  std::uint32_t word(std::uint64_t index) const;                    // one word
  double uniform(std::uint64_t index) const;                        // [0, 1), 53 bits
  double normal(std::uint64_t index) const;                         // N(0, 1), Box-Muller
  std::uint64_t below(std::uint64_t index, std::uint64_t n) const;  // [0, n), unbiased to 2^-64

  std::uint64_t key() const { return key_; }
  std::uint64_t counter_hi() const { return counter_hi_; }

 private:
  std::uint64_t key_, counter_hi_;
};

}  // namespace moe
