// SPDX-License-Identifier: Apache-2.0
#include "engine/protocol/presets.h"

#include <fstream>
#include <sstream>
#include <string_view>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"

namespace moe::protocol {
namespace {

// One raw string literal per preset, written by CMake.
constexpr std::string_view kEmbedded[] = {
#include "engine/protocol/presets_embedded.inc"
};

std::string text_field(const nlohmann::ordered_json& json, const char* key, const std::string& where) {
  const auto it = json.find(key);
  if (it == json.end() || !it->is_string())
    throw Error(ErrorKind::bad_input, "The preset has no text \"" + std::string(key) + "\"", where, "",
                "Give it name, title, summary and settings");
  return it->get<std::string>();
}

Preset read_preset_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!file || !(text << file.rdbuf()))
    throw Error(ErrorKind::bad_input, "The preset file cannot be read", path, "", "Check the path");
  (void)parse_line(text.str());  // depth, duplicate keys, size
  return preset_from_json(nlohmann::ordered_json::parse(text.str()), path);
}

}  // namespace

Preset preset_from_json(const nlohmann::ordered_json& json, const std::string& where) {
  Preset preset{text_field(json, "name", where),
                text_field(json, "title", where),
                text_field(json, "summary", where),
                json.contains("source") ? text_field(json, "source", where) : std::string(),
                {}};
  const auto settings = json.find("settings");
  if (settings == json.end() || !settings->is_object())
    throw Error(ErrorKind::bad_input, "The preset has no object \"settings\"", where, "",
                "Give it an object of setting keys and values; moe-cli knobs lists them");
  preset.settings = *settings;
  return preset;
}

nlohmann::ordered_json to_json(const Preset& preset) {
  nlohmann::ordered_json json = {{"name", preset.name}, {"title", preset.title}, {"summary", preset.summary}};
  if (!preset.source.empty()) json["source"] = preset.source;
  json["settings"] = preset.settings;
  return json;
}

const std::vector<Preset>& presets() {
  static const std::vector<Preset> all = [] {
    std::vector<Preset> list;
    for (const std::string_view text : kEmbedded)
      list.push_back(preset_from_json(nlohmann::ordered_json::parse(text), "built-in preset"));
    return list;
  }();
  return all;
}

Preset find_preset(const std::string& name) {
  for (const Preset& preset : presets())
    if (preset.name == name) return preset;
  if (name.find('/') != std::string::npos || name.ends_with(".json")) return read_preset_file(name);
  std::string known;
  for (const Preset& preset : presets()) known += (known.empty() ? "" : ", ") + preset.name;
  throw Error(ErrorKind::usage, "There is no preset \"" + name.substr(0, 80) + '"', "preset", "known: " + known,
              "Run moe-cli presets to see what each one is for");
}

}  // namespace moe::protocol
