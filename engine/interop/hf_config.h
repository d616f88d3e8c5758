// SPDX-License-Identifier: Apache-2.0
// Hugging Face config.json of a model in Mixtral layout (transformers, MixtralForCausalLM).
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "engine/core/config.h"

namespace moe::interop {

/// Empty when the model is representable as Mixtral; else the reason: shared experts, dense layers, ReLU/GELU experts,
/// weights not renormalised or k = 1, E = 1.
std::string why_not_mixtral(const Config& config);
/// config.json; transformers 4 and 5 field names (rope_theta and rope_parameters). The balance coefficient is converted
/// to Hugging Face units, c · L / k. When why_not_mixtral is not empty: an object that says so and names the reason.
nlohmann::ordered_json mixtral_config(const Config& config);

}  // namespace moe::interop
