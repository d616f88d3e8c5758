// SPDX-License-Identifier: Apache-2.0
// From a command's fields to a checked configuration. Internal to the session; moe-cli uses it for `bench` too.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/core/config.h"

namespace moe::train {

/// An edit that waits for its step: `moe-cli train --at STEP key=value`.
struct ScheduledEdit {
  std::int64_t step = 0;  // acts after this many finished steps
  std::string key, value;
  bool operator==(const ScheduledEdit&) const = default;
};

/// The preset's settings (none when empty), then `settings` (flat object or null) over them; limits between fields are
/// checked, the memory of this machine is not. Throws Error(usage | bad_input).
Config read_config(const std::string& preset, const nlohmann::json& settings);
/// The same for a model that is to be trained here: it must fit into memory. Throws Error(usage | bad_input |
/// resource).
Config make_config(const std::string& preset, const nlohmann::json& settings);

/// A setting's value as text: strings as they are, everything else as JSON. Throws Error(usage) for arrays and objects.
std::string value_text(const nlohmann::json& value, const std::string& key);
/// The setting in force, as text; empty for an action.
std::string value_text(const Config& config, const std::string& key);

/// Reads [{"step":n,"key":…,"value":…}] (null: none) and checks each against `config`, in order of step; every step
/// must be at least `first`. Throws Error(usage).
std::vector<ScheduledEdit> parse_schedule(const nlohmann::json& list, Config config, std::int64_t first);
nlohmann::json schedule_json(const std::vector<ScheduledEdit>& schedule);

}  // namespace moe::train
