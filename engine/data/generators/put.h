// SPDX-License-Identifier: Apache-2.0
// Formatted output whose arguments are evaluated from left to right.
#pragma once
#include <fmt/format.h>

#include <iterator>
#include <string>
#include <utility>

namespace moe::data::generators {

/// `Put{out, "{} {}\n", rng.pick(a), rng.pick(b)};` appends to `out`. Always with braces: C++ leaves the order of
/// arguments in a call open but fixes it in a braced list, so the same random numbers meet the same words everywhere.
struct Put {
  template <class... Args>
  Put(std::string& out, fmt::format_string<Args...> form, Args&&... args) {
    fmt::format_to(std::back_inserter(out), form, std::forward<Args>(args)...);
  }
};

/// The same into a new string: `Text{"...", ...}.value`.
struct Text {
  template <class... Args>
  explicit Text(fmt::format_string<Args...> form, Args&&... args) {
    Put{value, form, std::forward<Args>(args)...};
  }
  std::string value;
};

}  // namespace moe::data::generators
