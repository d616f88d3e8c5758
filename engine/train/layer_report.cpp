// SPDX-License-Identifier: Apache-2.0
#include "engine/train/layer_report.h"

#include <algorithm>

#include "engine/moe/routing_stats.h"

namespace moe::train {

void LayerTally::clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  std::fill(mass_.begin(), mass_.end(), 0.0);
  balance_loss_ = z_loss_ = token_entropy_ = 0;
  micro_batches_ = 0;
}

void LayerTally::add(routing::MoeLayer& layer, nn::Pass& pass) {
  const routing::LayerStatistics s = layer.collect(pass, counts_, mass_);
  balance_loss_ += s.balance_loss;
  z_loss_ += s.z_loss;
  token_entropy_ += s.token_entropy;
  ++micro_batches_;
}

void LayerTally::write(int layer, LayerReport& out) const {
  const routing::LoadStats stats = routing::load_stats(counts_);
  out.layer = layer;
  out.load = counts_;
  out.mass = mass_;
  out.balance_loss = balance_loss_ / micro_batches_;
  out.z_loss = z_loss_ / micro_batches_;
  out.entropy = stats.entropy;
  out.token_entropy = routing::entropy_share(token_entropy_ / micro_batches_, static_cast<int>(counts_.size()));
  out.load_cv = stats.cv;
  out.max_violation = stats.max_violation;
  out.dead = stats.dead;
}

}  // namespace moe::train
