// SPDX-License-Identifier: Apache-2.0
#include "engine/protocol/presets.h"

#include <fmt/format.h>

#include "app/cli/cli.h"

namespace moe::cli {
namespace {

int list_presets(bool json) {
  OrderedJson all = OrderedJson::array();
  std::string text;
  for (const auto& preset : protocol::presets()) {
    all.push_back(protocol::to_json(preset));
    text += fmt::format("{:<20} {}\n", preset.name, preset.summary);
  }
  return (json ? print(all) : print(text)) ? 0 : 1;
}

}  // namespace

void add_presets(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("presets", "Presets to start a run from");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON, with their settings");
  command->callback([json, &program] { program.action = [json] { return list_presets(*json); }; });
}

}  // namespace moe::cli
