// SPDX-License-Identifier: Apache-2.0
// core/random.h on the device: the same Philox4x32-10 blocks and the same maps from words to numbers.
#pragma once
#include "engine/backend/cuda/device.h"
#include "engine/core/random.h"

namespace moe::cuda {

class DeviceStream {
 public:
  explicit DeviceStream(const RandomStream& stream) : key_(stream.key()), counter_hi_(stream.counter_hi()) {}

  /// [0, 1), 53 bits: RandomStream::uniform, bit for bit.
  __device__ double uniform(std::uint64_t index) const {
    const Words w = at(index);
    return fraction(join(w.x[0], w.x[1]));
  }
  /// N(0, 1), Box-Muller: RandomStream::normal up to the last bits of log and cos.
  __device__ double normal(std::uint64_t index) const {
    const Words w = at(index);
    const double u1 = 1.0 - fraction(join(w.x[0], w.x[1])), u2 = fraction(join(w.x[2], w.x[3]));
    return square_root(-2.0 * logarithm(u1)) * cosine(2.0 * 3.14159265358979323846 * u2);
  }
  /// [0, n): RandomStream::below, bit for bit.
  __device__ std::uint64_t below(std::uint64_t index, std::uint64_t n) const {
    const Words w = at(index);
    return __umul64hi(join(w.x[0], w.x[1]), n);
  }

 private:
  struct Words {
    std::uint32_t x[4];
  };
  static __device__ std::uint64_t join(std::uint32_t low, std::uint32_t high) {
    return (static_cast<std::uint64_t>(high) << 32) | low;
  }
  static __device__ double fraction(std::uint64_t word) { return static_cast<double>(word >> 11) * 0x1.0p-53; }

  __device__ Words at(std::uint64_t index) const {
    constexpr std::uint64_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u;
    Words c{{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
             static_cast<std::uint32_t>(counter_hi_), static_cast<std::uint32_t>(counter_hi_ >> 32)}};
    auto key0 = static_cast<std::uint32_t>(key_), key1 = static_cast<std::uint32_t>(key_ >> 32);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = kMultiplier0 * c.x[0], p1 = kMultiplier1 * c.x[2];
      c = {{static_cast<std::uint32_t>(p1 >> 32) ^ c.x[1] ^ key0, static_cast<std::uint32_t>(p1),
            static_cast<std::uint32_t>(p0 >> 32) ^ c.x[3] ^ key1, static_cast<std::uint32_t>(p0)}};
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    return c;
  }

  std::uint64_t key_, counter_hi_;
};

}  // namespace moe::cuda
