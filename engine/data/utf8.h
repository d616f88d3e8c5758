// SPDX-License-Identifier: Apache-2.0
// UTF-8 as Unicode 15 defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace moe::data {

/// Bytes of the well-formed character that starts at text[at], 0 when there is none.
std::size_t utf8_length(std::string_view text, std::size_t at);
/// Appends the UTF-8 form of a code point; one that cannot be encoded (a surrogate) becomes U+FFFD.
void append_utf8(std::string& out, std::uint32_t code_point);
/// The largest cut <= at that does not divide a well-formed character of `text`.
std::size_t utf8_floor(std::string_view text, std::size_t at);
/// A file name for people: control characters and bytes that are not UTF-8 as \xNN, so that it is valid JSON text.
std::string escaped_name(std::string_view name);

}  // namespace moe::data
