// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/step_record.h"

#include <numeric>

namespace moe::ui {
namespace {

struct Drops {
  std::int64_t all = 0, dropped = 0;
  void add(const protocol::LayerReport& layer) {
    if (layer.kept.empty()) return;
    all += std::accumulate(layer.load.begin(), layer.load.end(), std::int64_t{0});
    dropped += layer.dropped();
  }
  double share() const { return all > 0 ? static_cast<double>(dropped) / static_cast<double>(all) : train::kAbsent; }
};

}  // namespace

int expertsOf(const StepRecord& record, std::size_t layer) {
  return layer < record.layers.size() ? static_cast<int>(record.layers[layer].load.size()) : 0;
}

double droppedShare(const StepRecord& record, std::size_t layer) {
  Drops drops;
  if (layer < record.layers.size()) drops.add(record.layers[layer]);
  return drops.share();
}

double droppedShare(const StepRecord& record) {
  Drops drops;
  for (const auto& layer : record.layers) drops.add(layer);
  return drops.share();
}

}  // namespace moe::ui
