// SPDX-License-Identifier: Apache-2.0
// Fields of the plane's commands.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace moe::train {

/// A drawing [[x, y, class or value], …] (null: none) as the CSV that a run keeps. Throws Error(usage | bad_input)
/// naming the point.
std::string drawing_csv(const nlohmann::json& points);
/// The field `only`: router, experts, all, or empty when it is not there. Throws Error(usage).
std::string only_field(const nlohmann::json& command);

}  // namespace moe::train
