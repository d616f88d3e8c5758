// SPDX-License-Identifier: GPL-3.0-or-later
// One step as the window keeps it: the engine's report, and what routers with a capacity or a bias say beside it.
#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "engine/protocol/messages.h"

namespace moe::ui {

/// Of one layer. Absent is empty or NaN: nothing can be dropped, there is no such loss, no such bias.
struct LayerExtras {
  std::vector<std::int64_t> kept;  // [E] assignments after drops
  std::vector<double> bias;        // [E] added to the scores when experts are chosen
  double importance_cv2 = train::kAbsent, load_cv2 = train::kAbsent;
};

struct StepRecord : protocol::StepReport {
  StepRecord() = default;
  StepRecord(protocol::StepReport report) : protocol::StepReport(std::move(report)) {}  // NOLINT: a report is a record
  std::vector<LayerExtras> extras;  // one per layer, or empty when no layer has any
  /// Experts of the layer during this step; they may change while a run goes on.
  int experts(std::size_t layer = 0) const {
    return layer < layers.size() ? static_cast<int>(layers[layer].load.size()) : 0;
  }
  /// Assignments after drops, or null when nothing can drop in this layer.
  const std::vector<std::int64_t>* kept(std::size_t layer) const;
};

/// Throws as protocol::step_from_json.
StepRecord stepRecordFromJson(const nlohmann::json& message);

/// Share of the layer's assignments that were dropped; NaN when nothing can drop.
double droppedShare(const StepRecord& record, std::size_t layer);
/// Over all layers that can drop.
double droppedShare(const StepRecord& record);

}  // namespace moe::ui
