// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/bridge/selection.h"

#include <QString>
#include <algorithm>

namespace moe::ui {

namespace {
std::vector<int> routedLayers;  // of the one run that this process has open
}

void setRoutedLayers(std::vector<int> places) { routedLayers = std::move(places); }

int layerNumber(int layer) {
  const auto l = static_cast<std::size_t>(layer);
  return (layer >= 0 && l < routedLayers.size() ? routedLayers[l] : layer) + 1;
}

QString expertName(const ExpertRef& ref) {
  return QStringLiteral("L%1·E%2").arg(layerNumber(ref.layer)).arg(ref.expert + 1);
}

int Selection::pinIndex(const ExpertRef& ref) const {
  const auto it = std::find(pins_.begin(), pins_.end(), std::optional<ExpertRef>(ref));
  return it == pins_.end() ? -1 : static_cast<int>(it - pins_.begin());
}

int Selection::layer() const { return primary_ ? primary_->layer : layer_; }

void Selection::hover(std::optional<ExpertRef> ref) {
  if (hovered_ == ref) return;
  hovered_ = ref;
  emit hoverChanged();
}

void Selection::select(std::optional<ExpertRef> ref) {
  if (primary_ == ref) return;
  if (ref) layer_ = ref->layer;
  primary_ = ref;
  emit primaryChanged();
}

void Selection::selectLayer(int layer) {
  if (layer == this->layer() || layer < 0) return;
  layer_ = layer;
  // The expert of another layer is another expert: keep the column only as a pin, not as the primary.
  if (primary_ && primary_->layer != layer) primary_.reset();
  emit primaryChanged();
}

void Selection::togglePin(const ExpertRef& ref) {
  if (const int index = pinIndex(ref); index >= 0) {
    pins_[static_cast<std::size_t>(index)].reset();
    emit pinsChanged();
    return;
  }
  const auto free = std::find(pins_.begin(), pins_.end(), std::nullopt);
  if (free == pins_.end()) {
    emit pinRefused();
    return;
  }
  *free = ref;
  emit pinsChanged();
}

void Selection::selectToken(std::optional<TokenRef> token) {
  if (token_ == token) return;
  token_ = token;
  emit tokenChanged();
}

void Selection::clear() {
  layer_ = 0;
  hovered_.reset();
  primary_.reset();
  token_.reset();
  std::fill(pins_.begin(), pins_.end(), std::nullopt);
  emit hoverChanged();
  emit primaryChanged();
  emit pinsChanged();
  emit tokenChanged();
}

}  // namespace moe::ui
