// SPDX-License-Identifier: Apache-2.0
// A setting is declared once here; the form, tooltip, command line, JSON keys, validation and documentation read it.
#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace moe {

enum class KnobKind { integer, real, boolean, choice, text };
/// live: acts at the next step boundary of a running model. new_run: part of the model's or data's shape.
enum class KnobWhen { live, new_run };

struct Knob {
  std::string key;     // "router.top_k"
  std::string label;   // "Top-k"
  std::string help;    // one sentence
  std::string unit;    // "tokens", "steps", "" ...
  std::string source;  // formula or paper; may be empty
  std::string group;   // "Routing", "Optimiser", "Model", "Training", "Data"
  KnobKind kind = KnobKind::real;
  KnobWhen when = KnobWhen::live;
  double minimum = 0, maximum = 0;                // of integer and real, inclusive
  bool log_scale = false;                         // the slider's; 0 sits at its left end when minimum is 0
  double slider_minimum = 0, slider_maximum = 0;  // comfortable range of the slider, inside [minimum, maximum]
  bool advanced = false;                          // shown behind "More"
  std::vector<std::string> choices;               // of choice
  std::string task;                               // the only task that reads it ("text", "plane"); empty: all of them
  nlohmann::json fallback;                        // the default
};

/// All knobs, in the order of the form.
const std::vector<Knob>& knobs();
const Knob* find_knob(const std::string& key);
nlohmann::ordered_json to_json(const Knob& knob);
/// The known key nearest to `key` by edit distance, for "did you mean".
std::string nearest_key(const std::string& key);

}  // namespace moe
