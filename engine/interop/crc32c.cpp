// SPDX-License-Identifier: Apache-2.0
#include "engine/interop/crc32c.h"

#include <array>
#include <cstring>

namespace moe::interop {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

// tables[j][b]: the effect of byte b with j zero bytes after it, so that eight bytes go at once.
constexpr auto kTables = [] {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t j = 1; j < 8; ++j)
    for (std::size_t byte = 0; byte < 256; ++byte)
      tables[j][byte] = (tables[j - 1][byte] >> 8) ^ tables[0][tables[j - 1][byte] & 0xFF];
  return tables;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse42(std::uint32_t crc, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::uint64_t state = ~crc;
  for (; size >= 8; size -= 8, bytes += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes, 8);
    state = __builtin_ia32_crc32di(state, word);
  }
  auto tail = static_cast<std::uint32_t>(state);
  for (; size > 0; --size, ++bytes) tail = __builtin_ia32_crc32qi(tail, *bytes);
  return ~tail;
}
#endif

}  // namespace

std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) {
  const auto* bytes = static_cast<const unsigned char*>(data);
  std::uint32_t state = ~crc;
  for (; size >= 8; size -= 8, bytes += 8) {
    std::uint32_t next = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      next ^= kTables[7 - j][(state >> (8 * j) & 0xFF) ^ bytes[j]];
      next ^= kTables[3 - j][bytes[4 + j]];
    }
    state = next;
  }
  for (; size > 0; --size, ++bytes) state = (state >> 8) ^ kTables[0][(state ^ *bytes) & 0xFF];
  return ~state;
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("sse4.2");
  if (fast) return crc32c_sse42(crc, data, size);
#endif
  return crc32c_portable(crc, data, size);
}

Crc32cText crc32c_text(std::uint32_t crc) {
  Crc32cText text{};
  for (int i = 0; i < 8; ++i) text.digits[i] = "0123456789abcdef"[crc >> (28 - 4 * i) & 0xF];
  return text;
}

}  // namespace moe::interop
