// SPDX-License-Identifier: Apache-2.0
// CRC-32C (Castagnoli polynomial 0x1EDC6F41, reflected; RFC 3720 appendix B.4), the checksum of checkpoint manifests.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace moe::interop {

/// Continues `crc` (0 to begin) over `size` bytes; uses the SSE 4.2 instruction where the processor has it.
std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);
/// The table-driven form; the same numbers on every machine.
std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size);

/// Eight lower-case hexadecimal digits.
struct Crc32cText {
  char digits[9];
  std::string_view view() const { return {digits, 8}; }
};
Crc32cText crc32c_text(std::uint32_t crc);

}  // namespace moe::interop
