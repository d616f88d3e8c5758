// SPDX-License-Identifier: Apache-2.0
// The command `sheet` and `moe-cli sheet`: which model is meant.
#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/config.h"
#include "engine/protocol/model_sheet.h"

namespace moe::train {

/// Whether the command names a published model or settings, so that it needs no open run.
bool names_a_model(const nlohmann::json& command);
/// `name` of a published model, or `preset` and `settings` of one of ours. It may be far too large for this machine.
/// Throws Error(usage).
protocol::ModelSheet requested_sheet(const nlohmann::json& command);
/// Our own model of these settings.
protocol::ModelSheet sheet_of_own(const Config& config);
/// [{name, title, paper}] of the published models, for `hello`.
nlohmann::ordered_json published_list();

/// The settings of a run with every logged edit applied. Throws Error(bad_input).
Config settings_of_run(const std::filesystem::path& path);

}  // namespace moe::train
