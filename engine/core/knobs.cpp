// SPDX-License-Identifier: Apache-2.0
// The table of all settings, put together from the groups' rows.
#include <algorithm>
#include <utility>

#include "engine/core/knob_rows.h"
#include "engine/core/knob_table.h"

namespace moe {
namespace {

KnobKind kind_of(const FieldRef& field, bool has_choices) {
  if (std::holds_alternative<double*>(field)) return KnobKind::real;
  if (std::holds_alternative<bool*>(field)) return KnobKind::boolean;
  if (std::holds_alternative<std::string*>(field)) return has_choices ? KnobKind::choice : KnobKind::text;
  return KnobKind::integer;
}

std::vector<Declaration> assemble() {
  std::vector<Declaration> all;
  Config defaults;
  const auto add = [&](const char* group, std::vector<knob_rows::Row> rows) {
    for (auto& row : rows) {
      const FieldRef field = row.field(defaults);
      row.knob.group = group;
      row.knob.kind = kind_of(field, !row.knob.choices.empty());
      row.knob.fallback = field_value(field);
      all.push_back(std::move(row));
    }
  };
  add("Routing", knob_rows::routing_rows());
  add("Balance", knob_rows::balance_rows());
  add("Capacity", knob_rows::capacity_rows());
  add("Remedies", knob_rows::remedy_rows());
  add("Optimiser", knob_rows::optimiser_rows());
  add("Model", knob_rows::model_rows());
  add("Training", knob_rows::training_rows());
  add("Data", knob_rows::data_rows());
  add("Data", knob_rows::plane_data_rows());
  add("Model", knob_rows::plane_model_rows());
  add("Training", knob_rows::plane_training_rows());
  mark_tasks(all);
  return all;
}

}  // namespace

const std::vector<Declaration>& declarations() {
  static const std::vector<Declaration> all = assemble();
  return all;
}

const Declaration* find_declaration(const std::string& key) {
  const auto& all = declarations();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Declaration& d) { return d.knob.key == key; });
  return found == all.end() ? nullptr : &*found;
}

nlohmann::json field_value(const FieldRef& field) {
  return std::visit([](auto* value) { return nlohmann::json(*value); }, field);
}

}  // namespace moe
