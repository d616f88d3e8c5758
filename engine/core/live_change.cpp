// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "engine/core/architecture.h"
#include "engine/core/error.h"
#include "engine/core/knob.h"
#include "engine/core/live_change.h"
#include "engine/core/printable.h"

namespace moe {
namespace {

constexpr int kMostAtOnce = 64;

[[noreturn]] void refuse_place(const std::string& text) {
  throw Error(ErrorKind::usage, printable(text) + " does not name an expert", "experts.revive",
              "a layer and an expert, counted from 1", "Write L2E4 for expert 4 of layer 2");
}

/// A whole number at the front of `text`, taken off it; −1 when there is none.
int take_number(std::string_view& text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

int count_of(const std::string& key, const std::string& value) {
  std::string_view rest = value;
  const int count = take_number(rest);
  if (count < 1 || count > kMostAtOnce || !rest.empty())
    throw Error(ErrorKind::usage, printable(value) + " is not a number of experts", key,
                "1 to " + std::to_string(kMostAtOnce), "Give a whole number, such as 1");
  return count;
}

Config after_action(Config config, const std::string& key, const std::string& value) {
  ModelConfig& model = config.model;
  if (model.experts < 2)
    throw Error(ErrorKind::usage, "This model is dense: it has no experts to change", key, "model.experts of 2 or more",
                "Start a new run with model.experts=8");
  if (key == "experts.revive") {
    const ExpertPlace place = parse_expert(value);
    if (place.layer >= model.layers || place.expert >= model.experts)
      throw Error(ErrorKind::usage, "There is no expert " + expert_name(place), key,
                  "layers 1 to " + std::to_string(model.layers) + ", experts 1 to " + std::to_string(model.experts),
                  "Name an expert of this model");
    if (is_dense(model, place.layer))
      throw Error(ErrorKind::usage, "Layer " + std::to_string(place.layer + 1) + " is dense: it has no experts", key,
                  "a layer with experts", "Name another layer");
    return config;
  }
  const int count = count_of(key, value);
  model.experts += key == "experts.add" ? count : -count;
  if (model.experts < 2)
    throw Error(ErrorKind::usage, "Removing " + std::to_string(count) + " would leave fewer than two experts", key,
                "at least 2 stay", "Remove fewer");
  return config;
}

}  // namespace

const std::vector<Action>& actions() {
  static const std::vector<Action> all = {
      {"experts.revive", "Revive an expert",
       "The expert becomes a copy of its layer's busiest one with a little noise, its router row splits off, and its "
       "optimiser starts anew.",
       "L2E4"},
      {"experts.add", "Add experts",
       "Every MoE layer gets new experts: copies of its busiest ones with noise, their router rows split off.", "1"},
      {"experts.remove", "Remove experts",
       "Every MoE layer loses its idlest experts; their router rows are folded into the most similar ones, which take "
       "over their tokens.",
       "1"},
  };
  return all;
}

const Action* find_action(const std::string& key) {
  for (const Action& action : actions())
    if (action.key == key) return &action;
  return nullptr;
}

ExpertPlace parse_expert(const std::string& text) {
  std::string_view rest = text;
  const auto letter = [&](char upper) {
    if (rest.empty() || (rest.front() != upper && rest.front() != upper + 32)) refuse_place(text);
    rest.remove_prefix(1);
    const int number = take_number(rest);
    if (number < 1) refuse_place(text);
    return number - 1;
  };
  ExpertPlace place;
  place.layer = letter('L');
  constexpr std::string_view kDot = "·";
  if (rest.substr(0, kDot.size()) == kDot) rest.remove_prefix(kDot.size());
  place.expert = letter('E');
  if (!rest.empty()) refuse_place(text);
  return place;
}

std::string expert_name(ExpertPlace place) { return fmt::format("L{}·E{}", place.layer + 1, place.expert + 1); }

Config with_live_change(const Config& config, const std::string& key, const std::string& value) {
  Config next = config;
  if (find_action(key)) {
    next = after_action(config, key, value);
  } else {
    set_text(next, key, value);  // knows the key, or names the nearest one
    if (const Knob* knob = find_knob(key); knob && knob->when != KnobWhen::live)
      throw Error(ErrorKind::usage, '"' + key + "\" cannot change while a model trains", key,
                  "it is part of the model's or the data's shape", "Start a new run with " + key + '=' + value);
  }
  validate(next);
  return next;
}

}  // namespace moe
