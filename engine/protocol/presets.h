// SPDX-License-Identifier: Apache-2.0
// The presets: named settings to start a run from. resources/presets/*.json are compiled in, so that the programs work
// wherever they are copied to.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace moe::protocol {

struct Preset {
  std::string name, title, summary;
  std::string source;               // paper of a named system; empty: our own
  nlohmann::ordered_json settings;  // flat: key → value; keys that are missing keep the knob's default
};

/// The built-in presets, in the order they are shown.
const std::vector<Preset>& presets();
/// By name, or read from a file when the name holds a '/' or ends in ".json". Throws Error(usage) naming the known
/// presets, Error(bad_input) for a file that is not a preset.
Preset find_preset(const std::string& name);

nlohmann::ordered_json to_json(const Preset& preset);
/// Throws Error(bad_input) naming the field.
Preset preset_from_json(const nlohmann::ordered_json& json, const std::string& where);

}  // namespace moe::protocol
