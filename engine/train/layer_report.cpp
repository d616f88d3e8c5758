// SPDX-License-Identifier: Apache-2.0
#include "engine/train/layer_report.h"

#include <algorithm>

#include "engine/moe/routing_stats.h"

namespace moe::train {

LayerTally::LayerTally(int experts) {
  experts_.counts.resize(static_cast<std::size_t>(experts));
  experts_.kept.resize(experts_.counts.size());
  experts_.mass.resize(experts_.counts.size());
}

void LayerTally::clear() {
  std::fill(experts_.counts.begin(), experts_.counts.end(), 0);
  std::fill(experts_.kept.begin(), experts_.kept.end(), 0);
  std::fill(experts_.mass.begin(), experts_.mass.end(), 0.0);
  experts_.can_drop = false;
  sums_ = {0, 0, 0, 0, 0};
  micro_batches_ = 0;
}

void LayerTally::add(routing::MoeLayer& layer, nn::Pass& pass) {
  const routing::LayerStatistics s = layer.collect(pass, experts_);
  sums_.balance_loss += s.balance_loss;
  sums_.z_loss += s.z_loss;
  sums_.importance_cv2 += s.importance_cv2;
  sums_.load_cv2 += s.load_cv2;
  sums_.token_entropy += s.token_entropy;
  ++micro_batches_;
}

void LayerTally::write(int layer, LayerReport& out) const {
  const routing::LoadStats stats = routing::load_stats(experts_.counts);
  out.layer = layer;
  out.load = experts_.counts;
  out.mass = experts_.mass;
  if (experts_.can_drop)
    out.kept = experts_.kept;
  else
    out.kept.clear();
  out.balance_loss = sums_.balance_loss / micro_batches_;
  out.z_loss = sums_.z_loss / micro_batches_;
  out.importance_cv2 = sums_.importance_cv2 / micro_batches_;
  out.load_cv2 = sums_.load_cv2 / micro_batches_;
  out.entropy = stats.entropy;
  out.token_entropy =
      routing::entropy_share(sums_.token_entropy / micro_batches_, static_cast<int>(experts_.counts.size()));
  out.load_cv = stats.cv;
  out.max_violation = stats.max_violation;
  out.dead = stats.dead;
  out.bias.clear();
  out.revived.clear();
}

}  // namespace moe::train
