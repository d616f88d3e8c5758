// SPDX-License-Identifier: GPL-3.0-or-later
// What the scripted engine greets with: presets, and on request the whole family of routers. Made for tests.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace moe::test {

inline nlohmann::ordered_json fakePresets() {
  using Json = nlohmann::ordered_json;
  const Json preset{{"name", "text-small"},
                    {"title", "Small"},
                    {"summary", "Four layers of eight experts."},
                    {"settings", {{"model.experts", 8}, {"optim.lr", 1e-3}}}};
  Json other = preset;
  other["name"] = "text-tiny";
  other["title"] = "Tiny";
  other["settings"]["model.experts"] = 4;
  Json plane = preset;
  plane["name"] = "plane-spirals";
  plane["title"] = "Two spirals";
  plane["summary"] = "Two arms wind around each other.";
  plane["settings"] = {{"data.task", "plane"}, {"data.points", "spirals"}, {"model.experts", 4}};
  Json blobs = plane, collapse = plane, wave = plane;
  wave["name"] = "plane-wave";
  wave["title"] = "A wave of values";
  blobs["name"] = "plane-blobs";
  collapse["name"] = "plane-collapse";
  return Json::array({preset, other, plane, blobs, collapse, wave});
}

/// Declarations of an engine with the whole family of routers.
inline void addRouters(nlohmann::ordered_json& hello) {
  using Json = nlohmann::ordered_json;
  hello["routers"] = Json::array(
      {{{"name", "softmax_top_k"},
        {"label", "Softmax top-k"},
        {"help", "The k experts with the highest probability."},
        {"source", "Shazeer 2017"},
        {"causal", true},
        {"settings",
         {"router.top_k", "router.noise", "router.renormalise", "router.z_coefficient", "balance.coefficient"}}},
       {{"name", "hash"},
        {"label", "Hash"},
        {"help", "The token alone decides; nothing is learned."},
        {"source", "Roller 2021"},
        {"causal", true},
        {"settings", {"router.top_k"}}},
       {{"name", "expert_choice"},
        {"label", "Expert choice"},
        {"help", "Experts choose their tokens."},
        {"source", "Zhou 2022"},
        {"causal", false},
        {"settings", {"router.top_k", "router.noise"}}}});
  hello["actions"] = Json::array();
  for (const char* key : {"experts.revive", "experts.add", "experts.remove"})
    hello["actions"].push_back({{"key", key}, {"label", key}, {"help", "Made for tests."}, {"value", "1"}});
  for (Json& knob : hello["knobs"])
    if (knob["key"] == "router.policy") knob["choices"] = {"softmax_top_k", "hash", "expert_choice"};
  const auto real = [&](const char* group, const std::string& key, const std::string& label) {
    hello["knobs"].push_back({{"key", key},
                              {"label", label},
                              {"help", "Made for tests."},
                              {"unit", ""},
                              {"source", ""},
                              {"group", group},
                              {"kind", "real"},
                              {"when", "live"},
                              {"minimum", 0.0},
                              {"maximum", 10.0},
                              {"default", 0.0}});
  };
  for (int i = 1; i <= 6; ++i) real("Routing", "router.extra" + std::to_string(i), "Extra " + std::to_string(i));
  for (int i = 1; i <= 5; ++i) real("Balance", "balance.extra" + std::to_string(i), "Loss " + std::to_string(i));
  for (int i = 1; i <= 4; ++i) real("Capacity", "capacity.extra" + std::to_string(i), "Limit " + std::to_string(i));
  for (int i = 1; i <= 4; ++i) real("Remedies", "remedy.extra" + std::to_string(i), "Remedy " + std::to_string(i));
}

}  // namespace moe::test
