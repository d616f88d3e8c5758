// SPDX-License-Identifier: Apache-2.0
// What one training step reports. Plain values: measured, or absent (NaN / empty), never invented.
#pragma once
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace moe::train {

constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

/// Routing of one MoE layer in one step; definitions in routing_stats.h.
struct LayerReport {
  int layer = 0;                    // 0-based index in the model
  std::vector<std::int64_t> load;   // [E] assignments before any drop
  std::vector<double> mass;         // [E] sum of combine weights
  double balance_loss = kAbsent;    // ÷ coefficient; 1.0 = balanced
  double z_loss = kAbsent;          // ÷ coefficient
  double entropy = kAbsent;         // H(load share)/ln E
  double token_entropy = kAbsent;   // mean entropy of the router's softmax / ln E
  double load_cv = kAbsent;         // standard deviation / mean of the loads
  double max_violation = kAbsent;   // (max − mean)/mean
  int dead = 0;                     // experts without a token in this step
  std::vector<std::int64_t> kept;   // [E] assignments after drops; empty when nothing could be dropped
  double importance_cv2 = kAbsent;  // CV² of the gate weights, ÷ coefficient; 0 = even
  double load_cv2 = kAbsent;        // CV² of the smooth load, ÷ coefficient
  std::vector<double> bias;         // [E] of a loss-free router, after the step; else empty
  std::vector<int> revived;         // experts that were revived by themselves after this step
  std::int64_t dropped() const;     // assignments that found no place
};

struct StepReport {
  std::int64_t step = 0;       // number of finished optimizer steps, 1-based
  double loss = kAbsent;       // task loss, nats per token; balance losses are never added
  double grad_norm = kAbsent;  // before clipping
  double lr = kAbsent;
  double tokens_per_second = kAbsent;  // of this step
  double seconds = kAbsent;            // wall time since the run started or resumed
  std::int64_t tokens = 0;             // trained so far
  int top_k = 0;                       // in force during this step
  double accuracy = kAbsent;           // classes of points: share of the batch that is right
  double r2 = kAbsent;                 // values of points: 1 − squared error / variance of the batch
  std::vector<LayerReport> layers;     // MoE layers only
};

inline std::int64_t LayerReport::dropped() const {
  std::int64_t n = 0;
  for (std::size_t e = 0; e < kept.size(); ++e) n += load[e] - kept[e];
  return n;
}

/// Held-out loss by domain.
struct EvalReport {
  std::int64_t step = 0;
  double loss = kAbsent;            // mean over tokens of all windows
  std::vector<double> domain_loss;  // [domains]
  std::int64_t tokens = 0;
  double accuracy = kAbsent, r2 = kAbsent;  // of all held-out points
};

}  // namespace moe::train
