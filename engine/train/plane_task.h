// SPDX-License-Identifier: Apache-2.0
// Points of the plane as tokens: classes by cross-entropy, values by squared error.
#pragma once
#include <span>
#include <vector>

#include "engine/data/plane/plane_data.h"
#include "engine/train/task.h"

namespace moe::train {

/// A pass over points xy[T,2].
nn::Pass begin_points(Workbench& bench, std::span<const float> xy);

class PlaneTask final : public Task {
 public:
  PlaneTask(Workbench& bench, const data::PlaneData& data) : bench_(bench), data_(data) {}
  nn::Pass begin(std::uint64_t step, int micro) override;
  void read_loss(nn::Pass& pass, View output) override;
  void score(StepReport& report) override;
  EvalReport evaluate(int windows) override;

  const data::PointBatch& batch() const { return batch_; }
  /// The targets of points [begin, end) on the device.
  View targets(std::span<const std::int32_t> labels, std::span<const float> values);

 private:
  /// What accuracy or R² follow from, over any number of points.
  struct Score {
    std::int64_t points = 0, right = 0;
    double error = 0, sum = 0, squares = 0;  // Σ (y − t)², Σ t, Σ t²
    double accuracy() const;
    double r2() const;
  };
  void count(nn::Pass& pass, View output, std::span<const std::int32_t> labels, Score& score);
  void count_values(std::span<const float> values, Score& score) const;

  Workbench& bench_;
  const data::PlaneData& data_;
  data::PointBatch batch_;
  Score score_;
  std::vector<std::int32_t> best_;
};

}  // namespace moe::train
