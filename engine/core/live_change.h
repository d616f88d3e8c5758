// SPDX-License-Identifier: Apache-2.0
// Changes to a running model: a live setting, or an action on its experts. Both are logged as edits (key, value) and
// replayed at their step.
#pragma once
#include <string>
#include <vector>

#include "engine/core/config.h"

namespace moe {

/// A change that happens once instead of setting something.
struct Action {
  std::string key;    // "experts.revive"
  std::string label;  // "Revive"
  std::string help;   // one sentence
  std::string value;  // what to give, for messages and help: "L2E4"
};

const std::vector<Action>& actions();
const Action* find_action(const std::string& key);

/// An expert, both numbers from 0; the layer is its place in the model, dense ones counted.
struct ExpertPlace {
  int layer = 0, expert = 0;
};
/// "L2E4" or "L2·E4" (both from 1, as people read them). Throws Error(usage).
ExpertPlace parse_expert(const std::string& text);
std::string expert_name(ExpertPlace place);  // "L2·E4"

/// The configuration after the change, validated: a new value, or another number of experts. Throws Error(usage) when
/// the key is unknown or cannot change in a running model.
Config with_live_change(const Config& config, const std::string& key, const std::string& value);

}  // namespace moe
