// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/step_record.h"

#include <numeric>

namespace moe::ui {
namespace {

using nlohmann::json;

double figure(const json& value) { return value.is_number() ? value.get<double>() : train::kAbsent; }

/// Entry of layer `l` in a column of the report, or null.
const json* entry(const json& message, const char* key, std::size_t l) {
  const auto column = message.find(key);
  return column != message.end() && column->is_array() && l < column->size() ? &(*column)[l] : nullptr;
}

template <class T>
std::vector<T> numbers(const json* list, std::size_t experts) {
  std::vector<T> out;
  if (!list || !list->is_array() || list->size() != experts) return out;
  for (const json& value : *list) {
    if (!value.is_number()) return {};
    out.push_back(value.get<T>());
  }
  return out;
}

std::int64_t sum(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

}  // namespace

const std::vector<std::int64_t>* StepRecord::kept(std::size_t layer) const {
  return layer < extras.size() && !extras[layer].kept.empty() ? &extras[layer].kept : nullptr;
}

StepRecord stepRecordFromJson(const json& message) {
  StepRecord record(protocol::step_from_json(message));
  std::vector<LayerExtras> extras(record.layers.size());
  bool any = false;
  for (std::size_t l = 0; l < extras.size(); ++l) {
    const std::size_t experts = record.layers[l].load.size();
    LayerExtras& extra = extras[l];
    extra.kept = numbers<std::int64_t>(entry(message, "kept", l), experts);
    extra.bias = numbers<double>(entry(message, "bias", l), experts);
    if (const json* value = entry(message, "importance_cv2", l)) extra.importance_cv2 = figure(*value);
    if (const json* value = entry(message, "load_cv2", l)) extra.load_cv2 = figure(*value);
    any = any || !extra.kept.empty() || !extra.bias.empty() || extra.importance_cv2 == extra.importance_cv2 ||
          extra.load_cv2 == extra.load_cv2;
  }
  if (any) record.extras = std::move(extras);
  return record;
}

double droppedShare(const StepRecord& record, std::size_t layer) {
  const auto* kept = record.kept(layer);
  const std::int64_t all = kept ? sum(record.layers[layer].load) : 0;
  return all > 0 ? 1 - static_cast<double>(sum(*kept)) / static_cast<double>(all) : train::kAbsent;
}

double droppedShare(const StepRecord& record) {
  std::int64_t all = 0, kept = 0;
  for (std::size_t l = 0; l < record.layers.size(); ++l) {
    if (!record.kept(l)) continue;
    all += sum(record.layers[l].load);
    kept += sum(*record.kept(l));
  }
  return all > 0 ? 1 - static_cast<double>(kept) / static_cast<double>(all) : train::kAbsent;
}

}  // namespace moe::ui
