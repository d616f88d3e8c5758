// SPDX-License-Identifier: Apache-2.0
// One line of untrusted JSON. nlohmann::json accepts trailing NULs, duplicate keys and any depth; this does not.
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"

namespace moe::protocol {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxBytes = std::size_t{16} << 20;

Error refuse(const std::string& what, const std::string& where, const std::string& limit) {
  return {ErrorKind::bad_input, what, where, limit, "Send one JSON object per line, as engine/protocol/README.md says"};
}

// Throws as soon as the parser sees a repeated key or goes too deep, before anything of that size is built.
class Guard {
 public:
  bool operator()(int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxDepth) throw refuse("The line is nested too deeply", "", "at most 64 levels");
      keys_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      keys_.pop_back();
    } else if (event == Event::key) {
      const std::string& key = parsed.get_ref<const std::string&>();
      if (!keys_.back().insert(key).second)
        throw refuse("The key \"" + key.substr(0, 80) + "\" appears twice in one object", "", "");
    }
    return true;
  }

 private:
  std::vector<std::unordered_set<std::string>> keys_;  // one set per open bracket
};

}  // namespace

nlohmann::json parse_line(const std::string& line) {
  if (line.size() > kMaxBytes)
    throw refuse("The line is too long", std::to_string(line.size()) + " bytes", "at most 16 MiB");
  if (const auto nul = line.find('\0'); nul != std::string::npos)
    throw refuse("The line holds a NUL byte", "byte " + std::to_string(nul), "");
  try {
    Guard guard;
    return nlohmann::json::parse(line, [&guard](int depth, nlohmann::json::parse_event_t event,
                                                nlohmann::json& parsed) { return guard(depth, event, parsed); });
  } catch (const nlohmann::json::parse_error& error) {
    throw refuse("The line is not JSON", "byte " + std::to_string(error.byte), "");
  } catch (const nlohmann::json::exception&) {
    throw refuse("The line holds a number that no double can represent", "", "");
  }
}

}  // namespace moe::protocol
