// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_fields.h"

#include "engine/core/error.h"

namespace moe::train {
namespace {

const nlohmann::json* present(const nlohmann::json& command, const char* key) {
  const auto it = command.find(key);
  return it == command.end() || it->is_null() ? nullptr : &*it;
}

Error wrong(const char* key, const std::string& limit) {
  return {ErrorKind::usage, "A field of the command has the wrong type or value", key, limit,
          "Send it as engine/protocol/README.md says"};
}

}  // namespace

std::int64_t integer_field(const nlohmann::json& command, const char* key, std::int64_t fallback, std::int64_t minimum,
                           std::int64_t maximum) {
  const nlohmann::json* field = present(command, key);
  if (!field) return fallback;
  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const bool fits =
      field->is_number_integer() && !(field->is_number_unsigned() && field->get<std::uint64_t>() > kLargest);
  if (!fits || field->get<std::int64_t>() < minimum || field->get<std::int64_t>() > maximum) {
    std::string limit = "a whole number from " + std::to_string(minimum);
    if (maximum != std::numeric_limits<std::int64_t>::max()) limit += " to " + std::to_string(maximum);
    throw wrong(key, limit);
  }
  return field->get<std::int64_t>();
}

double real_field(const nlohmann::json& command, const char* key, double fallback) {
  const nlohmann::json* field = present(command, key);
  if (!field) return fallback;
  if (!field->is_number()) throw wrong(key, "a number");
  return field->get<double>();
}

bool bool_field(const nlohmann::json& command, const char* key, bool fallback) {
  const nlohmann::json* field = present(command, key);
  if (!field) return fallback;
  if (!field->is_boolean()) throw wrong(key, "true or false");
  return field->get<bool>();
}

std::string text_field(const nlohmann::json& command, const char* key) {
  const nlohmann::json* field = present(command, key);
  if (!field || !field->is_string()) throw wrong(key, "a string");
  return field->get<std::string>();
}

std::string text_field(const nlohmann::json& command, const char* key, const std::string& fallback) {
  return present(command, key) ? text_field(command, key) : fallback;
}

}  // namespace moe::train
