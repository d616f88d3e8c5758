// SPDX-License-Identifier: Apache-2.0
#include "engine/interop/json_text.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/printable.h"

namespace moe::interop {
namespace {

constexpr int kDepth = 64;

[[noreturn]] void refuse(const std::string& what, const std::filesystem::path& file) {
  throw Error(ErrorKind::bad_input, what, file.string(), {}, "Use another copy of the file");
}

}  // namespace

nlohmann::ordered_json parse_json(std::string_view text, const std::filesystem::path& file) {
  using Json = nlohmann::ordered_json;
  // The library accepts NUL bytes after the value; nobody else does.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    refuse(fmt::format("is not JSON: NUL at byte {}", nul), file);
  std::vector<std::set<std::string>> keys;
  const auto guard = [&](int depth, Json::parse_event_t event, Json& value) {
    if (depth >= kDepth) refuse(fmt::format("nests deeper than {} levels", kDepth), file);
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      refuse("holds the key " + printable(value.get<std::string>()) + " twice", file);
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), guard);
  } catch (const Json::parse_error& error) {
    refuse(fmt::format("is not JSON at byte {} of {}", error.byte, text.size()), file);
  } catch (const Json::exception& error) {
    refuse(std::string("is not usable JSON: ") + error.what(), file);
  }
}

std::string render_json(const nlohmann::ordered_json& json) {
  return json.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace moe::interop
