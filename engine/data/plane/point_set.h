// SPDX-License-Identifier: Apache-2.0
// Points of the plane with a class or a value each. Coordinates live on the canvas [-1, 1]².
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace moe::data {

/// Structure of arrays; either labels or values is filled, as `classes` says.
struct PointSet {
  std::vector<float> xy;             // [n,2]
  std::vector<std::int32_t> labels;  // [n] in [0, classes)
  std::vector<float> values;         // [n]
  int classes = 0;                   // 0: values
  std::size_t size() const { return xy.size() / 2; }
  bool has_classes() const { return classes > 0; }
};

constexpr int kMaxClasses = 16;

struct PointSetOptions {
  std::string kind;  // blobs, moons, spirals, checkerboard, rings, steps, wave
  std::uint64_t seed = 1;
  int count = 500;       // points
  double jitter = 0.02;  // standard deviation; of coordinates (classes) or of the value (steps, wave)
  int classes = 2;
  double detail = 0;  // 0: the set's own
};

/// The points of one sample: a pure function of (options, sample). Samples 0, 1, … share the picture (the centres of
/// the blobs), not the points: 0 trains, 1 is held out. Throws Error(usage) on an unknown kind.
PointSet make_points(const PointSetOptions& options, std::uint32_t sample);
/// What the kinds are called, for messages.
const std::vector<std::string>& point_set_kinds();

}  // namespace moe::data
