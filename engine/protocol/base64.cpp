// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "engine/protocol/plane.h"

namespace moe::protocol {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<std::int8_t, 256> make_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
  return values;
}

[[noreturn]] void refuse(const std::string& where) {
  throw Error(ErrorKind::bad_input, "The field is not base64", where, "RFC 4648, padded to a multiple of 4",
              "Send the array as engine/protocol/README.md says.");
}

}  // namespace

std::string to_base64(const void* data, std::size_t bytes) {
  const auto* in = static_cast<const unsigned char*>(data);
  std::string out;
  out.reserve((bytes + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes; i += 3) {
    const std::size_t left = bytes - i;
    const std::uint32_t word = static_cast<std::uint32_t>(in[i]) << 16 |
                               (left > 1 ? static_cast<std::uint32_t>(in[i + 1]) << 8 : 0) |
                               (left > 2 ? static_cast<std::uint32_t>(in[i + 2]) : 0);
    out += kAlphabet[word >> 18];
    out += kAlphabet[word >> 12 & 63];
    out += left > 1 ? kAlphabet[word >> 6 & 63] : '=';
    out += left > 2 ? kAlphabet[word & 63] : '=';
  }
  return out;
}

std::string from_base64(const std::string& text, const std::string& where) {
  static const auto values = make_values();
  if (text.size() % 4 != 0) refuse(where);
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    const int padding = last ? (text[i + 3] == '=') + (text[i + 3] == '=' && text[i + 2] == '=') : 0;
    std::uint32_t word = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const int value = j < 4 - static_cast<std::size_t>(padding) ? values[static_cast<unsigned char>(text[i + j])] : 0;
      if (value < 0) refuse(where);
      word = word << 6 | static_cast<std::uint32_t>(value);
    }
    out += static_cast<char>(word >> 16);
    if (padding < 2) out += static_cast<char>(word >> 8 & 255);
    if (padding < 1) out += static_cast<char>(word & 255);
  }
  return out;
}

}  // namespace moe::protocol
