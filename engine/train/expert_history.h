// SPDX-License-Identifier: Apache-2.0
// How an expert has fared lately: what revival, adding and removing go by. Part of a checkpoint, so that a resumed run
// decides the same.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

namespace moe::train {

class ExpertHistory {
 public:
  explicit ExpertHistory(int experts);
  /// One step's assignments. `window`: remedy.revive_after, 0 = none.
  void add(std::span<const std::int64_t> counts, int window);
  /// Experts that are dead in the window that has just ended (routing::is_dead); empty while it lasts.
  std::vector<int> dead(int window) const;
  /// Begins a new window when this one has its length.
  void end_window_after(int window);

  /// [E] share of the assignments, an average that halves every 14 steps; even before the first step.
  const std::vector<double>& share() const { return share_; }
  int busiest() const;
  /// The n experts with the smallest share, ascending by number.
  std::vector<int> idlest(int n) const;
  /// The layer's experts now come from these of the former layer.
  void follow(const std::vector<int>& from);

  nlohmann::json to_json() const;
  /// Throws Error(bad_input) when the shape is another one.
  void from_json(const nlohmann::json& json);

 private:
  void end_window();

  std::vector<double> share_;
  std::vector<std::int64_t> window_;  // assignments since it began
  std::int64_t steps_ = 0;            // of the window
};

}  // namespace moe::train
