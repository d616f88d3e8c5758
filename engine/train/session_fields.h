// SPDX-License-Identifier: Apache-2.0
// Fields of a command, checked. A wrong type or value is an Error(usage) that names the field.
#pragma once
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace moe::train {

/// A whole number in [minimum, maximum]; `fallback` when absent or null.
std::int64_t integer_field(const nlohmann::json& command, const char* key, std::int64_t fallback, std::int64_t minimum,
                           std::int64_t maximum = std::numeric_limits<std::int64_t>::max());
double real_field(const nlohmann::json& command, const char* key, double fallback);
bool bool_field(const nlohmann::json& command, const char* key, bool fallback);
/// Text that must be there.
std::string text_field(const nlohmann::json& command, const char* key);
std::string text_field(const nlohmann::json& command, const char* key, const std::string& fallback);

}  // namespace moe::train
