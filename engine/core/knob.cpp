// SPDX-License-Identifier: Apache-2.0
#include "engine/core/knob.h"

#include <algorithm>
#include <string_view>

#include "engine/core/knob_table.h"
#include "engine/core/nearest.h"

namespace moe {
namespace {

const char* kind_word(KnobKind kind) {
  switch (kind) {
    case KnobKind::integer:
      return "integer";
    case KnobKind::real:
      return "real";
    case KnobKind::boolean:
      return "boolean";
    case KnobKind::choice:
      return "choice";
    case KnobKind::text:
      return "text";
  }
  return "text";
}

std::string_view last_word(std::string_view key) {
  const auto dot = key.rfind('.');
  return dot == std::string_view::npos ? key : key.substr(dot + 1);
}

}  // namespace

const std::vector<Knob>& knobs() {
  static const std::vector<Knob> all = [] {
    std::vector<Knob> list;
    for (const auto& declaration : declarations()) list.push_back(declaration.knob);
    return list;
  }();
  return all;
}

const Knob* find_knob(const std::string& key) {
  const auto* declaration = find_declaration(key);
  return declaration ? &knobs()[static_cast<std::size_t>(declaration - declarations().data())] : nullptr;
}

nlohmann::ordered_json to_json(const Knob& knob) {
  nlohmann::ordered_json json{{"key", knob.key},
                              {"label", knob.label},
                              {"help", knob.help},
                              {"unit", knob.unit},
                              {"source", knob.source},
                              {"group", knob.group},
                              {"kind", kind_word(knob.kind)},
                              {"when", knob.when == KnobWhen::live ? "live" : "new_run"}};
  if (knob.kind == KnobKind::integer || knob.kind == KnobKind::real) {
    const auto number = [&](double value) -> nlohmann::ordered_json {
      if (knob.kind == KnobKind::integer) return static_cast<std::int64_t>(value);
      return value;
    };
    json["minimum"] = number(knob.minimum);
    json["maximum"] = number(knob.maximum);
    json["slider_minimum"] = number(knob.slider_minimum);
    json["slider_maximum"] = number(knob.slider_maximum);
    json["log_scale"] = knob.log_scale;
  }
  if (knob.kind == KnobKind::choice) json["choices"] = knob.choices;
  if (!knob.task.empty()) json["task"] = knob.task;
  json["advanced"] = knob.advanced;
  json["default"] = knob.fallback;
  return json;
}

std::string nearest_key(const std::string& key) {
  // A bare last word ("top_k") is as near as its distance to the last word of a key, but an equally near full key wins.
  const std::string_view asked = std::string_view(key).substr(0, 64);
  std::string best;
  std::size_t best_cost = static_cast<std::size_t>(-1);
  for (const auto& knob : knobs()) {
    const std::size_t whole = 2 * edit_distance(asked, knob.key);
    const std::size_t word = 2 * edit_distance(last_word(asked), last_word(knob.key)) + 1;
    const std::size_t cost = std::min(whole, word);
    if (cost < best_cost) {
      best_cost = cost;
      best = knob.key;
    }
  }
  return best;
}

}  // namespace moe
