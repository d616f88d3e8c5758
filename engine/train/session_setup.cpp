// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_setup.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/live_change.h"
#include "engine/core/printable.h"
#include "engine/moe/router.h"
#include "engine/protocol/presets.h"

namespace moe::train {

Config read_config(const std::string& preset, const nlohmann::json& settings) {
  Config config;
  if (!preset.empty()) {
    const protocol::Preset chosen = protocol::find_preset(preset);
    for (const auto& [key, value] : chosen.settings.items()) set_value(config, key, value);
    config.preset = chosen.name;
  }
  if (!settings.is_null() && !settings.is_object())
    throw Error(ErrorKind::usage, "The settings are not an object", "settings", "{\"key\": value, …}",
                "Send a flat object of setting keys");
  if (settings.is_object())
    for (const auto& [key, value] : settings.items()) {
      if (value.is_string())
        set_text(config, key, value.get<std::string>());
      else
        set_value(config, key, value);
    }
  validate_fields(config);
  return config;
}

Config make_config(const std::string& preset, const nlohmann::json& settings) {
  Config config = read_config(preset, settings);
  validate_memory(config);
  return config;
}

std::string value_text(const nlohmann::json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  throw Error(ErrorKind::usage, "A setting takes one number, word or true/false", key, "", "Send a single value");
}

std::string value_text(const Config& config, const std::string& key) {
  return find_action(key) ? std::string() : value_text(get_value(config, key), key);
}

std::vector<ScheduledEdit> parse_schedule(const nlohmann::json& list, Config config, std::int64_t first) {
  std::vector<ScheduledEdit> schedule;
  if (list.is_null()) return schedule;
  const auto shape = [] {
    return Error(ErrorKind::usage, "The scheduled edits are not a list of step, key and value", "at",
                 "[{\"step\": 100, \"key\": \"router.top_k\", \"value\": 1}, …]", "Send such a list");
  };
  if (!list.is_array()) throw shape();
  for (const auto& item : list) {
    if (!item.is_object() || !item.contains("step") || !item["step"].is_number_integer() || !item.contains("key") ||
        !item["key"].is_string() || !item.contains("value"))
      throw shape();
    const auto key = item["key"].get<std::string>();
    const bool huge = item["step"].is_number_unsigned() && item["step"].get<std::uint64_t>() > INT64_MAX;
    const std::int64_t step = huge ? -1 : item["step"].get<std::int64_t>();
    if (step < first)
      throw Error(ErrorKind::usage, "The edit of " + printable(key) + " is scheduled for a step that cannot be reached",
                  "at " + item["step"].dump(), "step " + std::to_string(first) + " or later", "Choose a later step");
    schedule.push_back({step, key, value_text(item["value"], key)});
  }
  std::stable_sort(schedule.begin(), schedule.end(), [](const auto& a, const auto& b) { return a.step < b.step; });
  for (const ScheduledEdit& edit : schedule) {
    config = with_live_change(config, edit.key, edit.value);
    routing::check_policy(config);
  }
  return schedule;
}

nlohmann::json schedule_json(const std::vector<ScheduledEdit>& schedule) {
  nlohmann::json list = nlohmann::json::array();
  for (const ScheduledEdit& edit : schedule)
    list.push_back({{"step", edit.step}, {"key", edit.key}, {"value", edit.value}});
  return list;
}

}  // namespace moe::train
