// SPDX-License-Identifier: Apache-2.0
// Reading and writing the fields of protocol objects: absent or non-finite numbers are null, a wrong type is an
// Error(bad_input) that names the field. Internal to engine/protocol.
#pragma once
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/core/error.h"

namespace moe::protocol::detail {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

// ---- writing --------------------------------------------------------------------------------------------------
inline OrderedJson number(double value) { return std::isfinite(value) ? OrderedJson(value) : OrderedJson(nullptr); }

/// The double whose shortest decimal is the float's: 0.1f is written as 0.1, not 0.10000000149011612, and reads back
/// as the same float.
inline OrderedJson number(float value) {
  if (!std::isfinite(value)) return nullptr;
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  double wide = 0;
  std::from_chars(text, end, wide);
  return wide;
}

template <class T>
OrderedJson numbers(const std::vector<T>& values) {
  OrderedJson array = OrderedJson::array();
  auto& items = array.template get_ref<OrderedJson::array_t&>();
  items.reserve(values.size());
  for (const T& value : values) {
    if constexpr (std::is_floating_point_v<T>)
      items.push_back(number(value));
    else
      items.emplace_back(value);
  }
  return array;
}

// ---- reading --------------------------------------------------------------------------------------------------
[[noreturn]] inline void wrong_type(const std::string& where, const char* expected) {
  throw Error(ErrorKind::bad_input, "The field has the wrong type", where, std::string("expected ") + expected,
              "Send the type that engine/protocol/README.md names.");
}

inline void convert(const Json& json, bool& out, const std::string& where) {
  if (!json.is_boolean()) wrong_type(where, "true or false");
  out = json.get<bool>();
}

inline void convert(const Json& json, std::string& out, const std::string& where) {
  if (!json.is_string()) wrong_type(where, "a string");
  out = json.get_ref<const std::string&>();
}

template <std::floating_point T>
void convert(const Json& json, T& out, const std::string& where) {
  if (json.is_null())
    out = std::numeric_limits<T>::quiet_NaN();
  else if (json.is_number())
    out = static_cast<T>(json.get<double>());
  else
    wrong_type(where, "a number or null");
}

template <std::integral T>
requires(!std::same_as<T, bool>) void convert(const Json& json, T& out, const std::string& where) {
  const auto in_range = [&] {
    if (json.is_number_unsigned()) return std::in_range<T>(json.get<std::uint64_t>());
    return json.is_number_integer() && std::in_range<T>(json.get<std::int64_t>());
  };
  if (!in_range()) wrong_type(where, "a whole number in range");
  out =
      json.is_number_unsigned() ? static_cast<T>(json.get<std::uint64_t>()) : static_cast<T>(json.get<std::int64_t>());
}

template <class T>
void convert(const Json& json, std::vector<T>& out, const std::string& where) {
  if (!json.is_array()) wrong_type(where, "an array");
  out.clear();
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    T item{};
    convert(json[i], item, where + '[' + std::to_string(i) + ']');
    out.push_back(std::move(item));
  }
}

/// The fields of one JSON object; a missing field keeps what the caller had.
class Fields {
 public:
  Fields(const Json& json, std::string name) : json_(json), name_(std::move(name)) {
    if (!json.is_object()) wrong_type(name_, "an object");
  }
  template <class T>
  const Fields& read(const char* key, T& out) const {
    if (const Json* field = find(key)) convert(*field, out, name_ + '.' + key);
    return *this;
  }
  const Json* find(const char* key) const {
    const auto it = json_.find(key);
    return it == json_.end() ? nullptr : &*it;
  }
  std::string where(const char* key) const { return name_ + '.' + key; }

 private:
  const Json& json_;
  std::string name_;
};

/// Throws unless `found` elements are what `expected` says.
inline void expect_size(std::size_t found, std::size_t expected, const std::string& where) {
  if (found == expected) return;
  throw Error(ErrorKind::bad_input, "The array has the wrong length", where,
              "found " + std::to_string(found) + ", expected " + std::to_string(expected),
              "Send arrays whose lengths agree with each other.");
}

}  // namespace moe::protocol::detail
