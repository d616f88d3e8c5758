// SPDX-License-Identifier: Apache-2.0
// Text of unknown origin made fit for a message.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace moe {

/// `text` in double quotes with control characters escaped, bytes that are not UTF-8 replaced, and cut after `limit`
/// bytes, so that a message is always one short line of valid UTF-8.
inline std::string printable(std::string_view text, std::size_t limit = 64) {
  const bool cut = text.size() > limit;
  nlohmann::json value(std::string(text.substr(0, limit)));
  std::string quoted = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return cut ? quoted + "…" : quoted;
}

}  // namespace moe
