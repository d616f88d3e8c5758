// SPDX-License-Identifier: Apache-2.0
// JSON from files that may be torn or hostile, and JSON to files.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace moe::interop {

/// One JSON value and nothing after it; depth at most 64, no key twice, no NUL. Throws Error(bad_input) with the byte.
nlohmann::ordered_json parse_json(std::string_view text, const std::filesystem::path& file);
/// Indented, with a final line feed; bytes that are not UTF-8 are replaced, non-finite numbers become null.
std::string render_json(const nlohmann::ordered_json& json);

}  // namespace moe::interop
