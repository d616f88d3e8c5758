// SPDX-License-Identifier: Apache-2.0
// The points a run trains on and those it is measured with.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/plane/points_csv.h"
#include "engine/data/task_data.h"

namespace moe::data {

/// A batch of points, drawn with replacement from those that train.
struct PointBatch {
  std::vector<float> xy;             // [T,2]
  std::vector<std::int32_t> labels;  // [T], empty for values
  std::vector<float> values;         // [T], empty for classes
};

struct PlaneOptions {
  PointSetOptions generated;     // kind: also "drawing" and "file"
  std::filesystem::path file;    // of kind "file"; read once, then the stored copy is the truth
  std::string target = "auto";   // of kind "file"
  double held_out_share = 0.05;  // of drawings and files
  std::filesystem::path stored;  // where a drawing is and a file's copy is kept: <run>/points.csv
};

class PlaneData final : public TaskData {
 public:
  /// Points held out of generated sets: a sample of its own.
  static constexpr int kHeldOut = 4000;

  /// Throws Error(bad_input | resource | usage).
  explicit PlaneData(const PlaneOptions& options);

  const PlaneData* plane() const override { return this; }
  const std::vector<std::string>& domains() const override { return class_names_; }
  const std::vector<double>& corpus_share() const override { return share_; }
  std::string description() const override { return description_; }
  const std::vector<std::string>& notes() const override { return notes_; }

  const PointSet& train() const { return train_; }
  const PointSet& held_out() const { return held_out_; }
  int classes() const { return train_.classes; }                 // 0: values
  int outputs() const { return classes() > 0 ? classes() : 1; }  // numbers the model gives for a point
  const CanvasMap& canvas() const { return map_; }
  /// The batch of (seed, step, micro): the same arguments give the same bits, in any order of calls.
  void batch(std::uint64_t seed, std::uint64_t step, int micro, int points, PointBatch& out) const;

 private:
  void split(const PointSet& all, std::uint64_t seed, double share);
  void describe(const PlaneOptions& options);

  PointSet train_, held_out_;
  CanvasMap map_;
  std::vector<std::string> class_names_, notes_;
  std::vector<double> share_;
  std::string description_;
};

}  // namespace moe::data
