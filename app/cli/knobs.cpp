// SPDX-License-Identifier: Apache-2.0
#include "engine/core/knob.h"

#include <fmt/format.h>

#include "app/cli/cli.h"

namespace moe::cli {
namespace {

std::string range(const Knob& knob) {
  if (knob.kind == KnobKind::integer || knob.kind == KnobKind::real)
    return fmt::format("{} to {}", knob.minimum, knob.maximum);
  if (knob.kind == KnobKind::boolean) return "true or false";
  std::string text;
  for (const auto& choice : knob.choices) text += (text.empty() ? "" : ", ") + choice;
  return text;
}

std::string fallback(const Knob& knob) {
  if (!knob.fallback.is_string()) return knob.fallback.dump();
  return knob.fallback.get<std::string>().empty() ? "none" : knob.fallback.get<std::string>();
}

int list_knobs(bool json) {
  OrderedJson all = OrderedJson::array();
  std::string text, group;
  for (const Knob& knob : knobs()) {
    all.push_back(to_json(knob));
    if (knob.group != group) text += fmt::format("{}{}\n", group.empty() ? "" : "\n", knob.group);
    group = knob.group;
    text += fmt::format("  {:<26} {:<8} default {}; {}\n      {}\n", knob.key,
                        knob.when == KnobWhen::live ? "live" : "new run", fallback(knob), range(knob), knob.help);
  }
  return (json ? print(all) : print(text)) ? 0 : 1;
}

}  // namespace

void add_knobs(CLI::App& app, Program& program) {
  auto* command = app.add_subcommand("knobs", "Every setting: key, range, default, whether it acts live");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "As JSON");
  command->callback([json, &program] { program.action = [json] { return list_knobs(*json); }; });
}

}  // namespace moe::cli
