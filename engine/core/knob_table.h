// SPDX-License-Identifier: Apache-2.0
// The declarations behind knobs() and config.h: each knob with the Config field it stands for.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/config.h"
#include "engine/core/knob.h"

namespace moe {

/// The field of a Config that a knob stands for; its type decides the kind of the knob.
using FieldRef = std::variant<int*, std::int64_t*, std::uint64_t*, double*, bool*, std::string*>;

struct Declaration {
  Knob knob;
  FieldRef (*field)(Config&) = nullptr;
};

/// In the order of the form, the same as knobs().
const std::vector<Declaration>& declarations();
const Declaration* find_declaration(const std::string& key);

/// Names the task of every knob that only one task reads.
void mark_tasks(std::vector<Declaration>& all);

/// The value of a field as JSON.
nlohmann::json field_value(const FieldRef& field);

}  // namespace moe
