// SPDX-License-Identifier: Apache-2.0
#include "engine/train/session_sheet.h"

#include "engine/analysis/model_sheet.h"
#include "engine/core/error.h"
#include "engine/core/live_change.h"
#include "engine/train/model_size.h"
#include "engine/train/session_fields.h"
#include "engine/train/session_model.h"
#include "engine/train/session_setup.h"

namespace moe::train {
namespace {

bool has(const nlohmann::json& command, const char* key) {
  const auto it = command.find(key);
  return it != command.end() && !it->is_null();
}

}  // namespace

bool names_a_model(const nlohmann::json& command) {
  return has(command, "name") || has(command, "preset") || has(command, "settings");
}

protocol::ModelSheet sheet_of_own(const Config& config) { return analysis::sheet_of(config, router_size(config)); }

protocol::ModelSheet requested_sheet(const nlohmann::json& command) {
  if (!has(command, "name"))
    return sheet_of_own(read_config(text_field(command, "preset", ""), command.value("settings", nlohmann::json())));
  if (has(command, "preset") || has(command, "settings"))
    throw Error(ErrorKind::usage, "A published model has no settings of ours", "name", "name, or preset and settings",
                "Leave one of them out");
  return analysis::sheet_of(analysis::find_published(text_field(command, "name")));
}

nlohmann::ordered_json published_list() {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& model : analysis::published_models())
    list.push_back({{"name", model.name}, {"title", model.title}, {"paper", model.paper}});
  return list;
}

Config settings_of_run(const std::filesystem::path& path) {
  const run::RunFolder folder = run::open_run(path);
  Config config = recorded_config(folder);
  for (const run::Edit& edit : run::Store::open_read_only(folder.store()).edits())
    config = with_live_change(config, edit.key, edit.after);
  return config;
}

}  // namespace moe::train
