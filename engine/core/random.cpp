// SPDX-License-Identifier: Apache-2.0
#include "engine/core/random.h"

#include <cmath>
#include <numbers>

namespace moe {
namespace {

__extension__ using Wide = unsigned __int128;

std::uint64_t join(std::uint32_t low, std::uint32_t high) { return (static_cast<std::uint64_t>(high) << 32) | low; }

/// Finaliser of MurmurHash3 (64-bit variant "Mix13"): spreads the rare high bits of step and lane over the key.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// 53 random bits as a fraction of one.
double fraction(std::uint64_t word) { return static_cast<double>(word >> 11) * 0x1.0p-53; }

}  // namespace

std::array<std::uint32_t, 4> Philox::block(std::uint64_t key, std::uint64_t counter_hi, std::uint64_t counter_lo) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
  std::array<std::uint32_t, 4> c{static_cast<std::uint32_t>(counter_lo), static_cast<std::uint32_t>(counter_lo >> 32),
                                 static_cast<std::uint32_t>(counter_hi), static_cast<std::uint32_t>(counter_hi >> 32)};
  auto key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = kMultiplier0 * c[0], p1 = kMultiplier1 * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key0, static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key1, static_cast<std::uint32_t>(p0)};
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  return c;
}

// counter_hi = purpose (8 bits) | lane (24) | step (32); what does not fit there is folded into the key, so that
// streams of every practical size are disjoint by construction and the others are independent.
RandomStream::RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint32_t lane)
    : key_(seed),
      counter_hi_((static_cast<std::uint64_t>(purpose) << 56) | ((lane & 0xFFFFFFull) << 32) | (step & 0xFFFFFFFFull)) {
  const std::uint64_t overflow = ((step >> 32) << 8) ^ (lane >> 24);
  if (overflow) key_ ^= mix(overflow);
}

std::array<std::uint32_t, 4> RandomStream::at(std::uint64_t index) const {
  return Philox::block(key_, counter_hi_, index);
}

std::uint32_t RandomStream::word(std::uint64_t index) const { return at(index)[0]; }

double RandomStream::uniform(std::uint64_t index) const {
  const auto w = at(index);
  return fraction(join(w[0], w[1]));
}

double RandomStream::normal(std::uint64_t index) const {
  const auto w = at(index);
  const double u1 = 1.0 - fraction(join(w[0], w[1]));  // (0, 1], so that the logarithm is finite
  const double u2 = fraction(join(w[2], w[3]));
  return std::sqrt(-2.0 * std::log(u1)) * std::cos(2.0 * std::numbers::pi * u2);
}

std::uint64_t RandomStream::below(std::uint64_t index, std::uint64_t n) const {
  const auto w = at(index);
  return static_cast<std::uint64_t>((static_cast<Wide>(join(w[0], w[1])) * n) >> 64);
}

}  // namespace moe
