// SPDX-License-Identifier: Apache-2.0
#include "engine/core/config.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "engine/core/error.h"
#include "engine/core/knob_table.h"
#include "engine/core/printable.h"

namespace moe {
namespace {

using nlohmann::json;

std::string number_text(const Knob& knob, double value) {
  return knob.kind == KnobKind::integer ? fmt::format("{}", static_cast<std::int64_t>(value))
                                        : fmt::format("{}", value);
}

// What a knob accepts, as the limit of a message.
std::string legal_values(const Knob& knob) {
  switch (knob.kind) {
    case KnobKind::integer:
    case KnobKind::real:
      return number_text(knob, knob.minimum) + " to " + number_text(knob, knob.maximum);
    case KnobKind::boolean:
      return "true or false";
    case KnobKind::choice: {
      std::string list;
      for (const auto& choice : knob.choices) list += (list.empty() ? "" : ", ") + choice;
      return list;
    }
    case KnobKind::text:
      return "UTF-8 text of at most 4096 bytes";
  }
  return {};
}

[[noreturn]] void refuse(const Knob& knob, const std::string& what, const std::string& action) {
  throw Error(ErrorKind::usage, what, knob.key, legal_values(knob), action);
}

[[noreturn]] void refuse_type(const Knob& knob, const std::string& given) {
  const std::string example = knob.kind == KnobKind::text ? "" : ", such as " + knob.fallback.dump();
  switch (knob.kind) {
    case KnobKind::integer:
      refuse(knob, given + " is not a whole number", "Give a whole number" + example);
    case KnobKind::real:
      refuse(knob, given + " is not a finite number", "Give a number with a decimal point" + example);
    case KnobKind::boolean:
      refuse(knob, given + " is neither true nor false", "Give true or false");
    case KnobKind::choice:
      refuse(knob, given + " is not one of the choices", "Choose one of them");
    case KnobKind::text:
      refuse(knob, given + " is not text", "Give text");
  }
  refuse(knob, given + " cannot be used", "Give another value");
}

void check_range(const Knob& knob, double value, const std::string& given) {
  if (value < knob.minimum)
    refuse(knob, given + " is too small", "Give " + number_text(knob, knob.minimum) + " or more");
  if (value > knob.maximum)
    refuse(knob, given + " is too large", "Give " + number_text(knob, knob.maximum) + " or less");
}

// All integer limits are below 2^53, so the comparison in double is exact where it matters.
void assign_integer(const Knob& knob, const FieldRef& field, std::int64_t value, const std::string& given) {
  check_range(knob, static_cast<double>(value), given);
  std::visit(
      [&](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) *target = static_cast<T>(value);
      },
      field);
}

void assign_real(const Knob& knob, const FieldRef& field, double value, const std::string& given) {
  if (!std::isfinite(value)) refuse_type(knob, given);
  check_range(knob, value, given);
  *std::get<double*>(field) = value;
}

void assign_string(const Knob& knob, const FieldRef& field, const std::string& value) {
  if (knob.kind == KnobKind::choice) {
    bool known = false;
    for (const auto& choice : knob.choices) known = known || choice == value;
    if (!known) refuse_type(knob, printable(value));
  } else if (value.size() > 4096 || value.find('\0') != std::string::npos) {
    refuse(knob, printable(value) + " is too long or holds a NUL byte", "Give a shorter text");
  } else {
    try {
      (void)json(value).dump();  // saved and sent as JSON, which is UTF-8
    } catch (const json::exception&) {
      refuse(knob, printable(value) + " is not UTF-8", "Rename the file or folder");
    }
  }
  *std::get<std::string*>(field) = value;
}

const Declaration& declaration_of(const std::string& key) {
  if (const auto* found = find_declaration(key)) return *found;
  throw Error(ErrorKind::usage, "there is no setting " + printable(key), {}, {},
              "Did you mean " + nearest_key(key) + "?");
}

// The whole of `text` as one number; false for junk, overflow, an empty text or a leading '+' or space.
template <class T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const auto* word : {"true", "on", "yes", "1"})
    if (text == word) return true;
  for (const auto* word : {"false", "off", "no", "0"})
    if (text == word) return false;
  return std::nullopt;
}

// A JSON number without a fractional part, whichever way it is written; 2^63 and beyond are clamped, far out of range.
std::optional<std::int64_t> whole_number(const json& value) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    return number > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(number);
  }
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (!value.is_number_float()) return std::nullopt;
  const auto number = value.get<double>();
  if (!std::isfinite(number) || number != std::floor(number)) return std::nullopt;
  if (std::abs(number) >= 9.2e18) return number > 0 ? most : std::numeric_limits<std::int64_t>::min();
  return static_cast<std::int64_t>(number);
}

std::string given_text(const json& value) {
  if (value.is_string()) return printable(value.get_ref<const std::string&>());
  if (value.is_number_float() && !std::isfinite(value.get<double>()))
    return std::isnan(value.get<double>()) ? "NaN" : "infinity";
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.dump();
}

}  // namespace

void set_value(Config& config, const std::string& key, const json& value) {
  const Declaration& declaration = declaration_of(key);
  const Knob& knob = declaration.knob;
  const FieldRef field = declaration.field(config);
  const std::string given = given_text(value);
  switch (knob.kind) {
    case KnobKind::integer:
      if (const auto number = whole_number(value)) return assign_integer(knob, field, *number, given);
      break;
    case KnobKind::real:
      if (value.is_number()) return assign_real(knob, field, value.get<double>(), given);
      break;
    case KnobKind::boolean:
      if (value.is_boolean()) {
        *std::get<bool*>(field) = value.get<bool>();
        return;
      }
      break;
    case KnobKind::choice:
    case KnobKind::text:
      if (value.is_string()) return assign_string(knob, field, value.get<std::string>());
      break;
  }
  refuse_type(knob, given);
}

void set_text(Config& config, const std::string& key, const std::string& text) {
  const Declaration& declaration = declaration_of(key);
  const Knob& knob = declaration.knob;
  const FieldRef field = declaration.field(config);
  const std::string given = text.empty() ? "an empty value" : printable(text);
  switch (knob.kind) {
    case KnobKind::integer: {
      std::int64_t number = 0;
      if (parse_whole(text, number)) return assign_integer(knob, field, number, given);
      break;
    }
    case KnobKind::real: {
      double number = 0;
      if (parse_whole(text, number)) return assign_real(knob, field, number, given);
      break;
    }
    case KnobKind::boolean:
      if (const auto flag = parse_bool(text)) {
        *std::get<bool*>(field) = *flag;
        return;
      }
      break;
    case KnobKind::choice:
    case KnobKind::text:
      return assign_string(knob, field, text);
  }
  refuse_type(knob, given);
}

json get_value(const Config& config, const std::string& key) {
  Config copy = config;  // the bindings give writable fields
  return field_value(declaration_of(key).field(copy));
}

std::string get_text(const Config& config, const std::string& key) {
  const json value = get_value(config, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? fmt::format("{}", value.get<double>()) : value.dump();
}

nlohmann::ordered_json to_json(const Config& config) {
  Config copy = config;
  nlohmann::ordered_json all;
  all["preset"] = config.preset;
  for (const auto& declaration : declarations()) all[declaration.knob.key] = field_value(declaration.field(copy));
  return all;
}

Config config_from_json(const json& values) {
  if (!values.is_object())
    throw Error(ErrorKind::usage, "settings must be one object of keys and values", {}, {},
                "Write {\"router.top_k\": 2}");
  Config config;
  for (const auto& [key, value] : values.items()) {
    if (key != "preset") {
      set_value(config, key, value);
    } else if (value.is_string()) {
      config.preset = value.get<std::string>();
    } else {
      throw Error(ErrorKind::usage, given_text(value) + " is not the name of a preset", "preset", "text",
                  "Give its name");
    }
  }
  return config;
}

}  // namespace moe
