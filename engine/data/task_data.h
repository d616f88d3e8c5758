// SPDX-License-Identifier: Apache-2.0
// What the data of every task can say of itself. Text is a Dataset (dataset.h), points are PlaneData
// (plane/plane_data.h).
#pragma once
#include <string>
#include <vector>

namespace moe::data {

class Dataset;
class PlaneData;

class TaskData {
 public:
  virtual ~TaskData() = default;
  /// Labels that statistics are told apart by: kinds of text, classes of points; none for values.
  virtual const std::vector<std::string>& domains() const = 0;
  /// Share of each domain in what trains, sums to 1.
  virtual const std::vector<double>& corpus_share() const = 0;
  /// One paragraph of facts for run.json and `doctor`.
  virtual std::string description() const = 0;
  /// What was skipped or changed on reading, each with its reason.
  virtual const std::vector<std::string>& notes() const = 0;
  /// This object as the data of one task; null when it is another's.
  virtual const Dataset* text() const { return nullptr; }
  virtual const PlaneData* plane() const { return nullptr; }
};

/// Throws Error(usage): `what` ("sample", "the setting …") needs text and the run is about points.
const Dataset& text_of(const TaskData& data, const std::string& what);
/// Throws Error(usage): `what` needs points and the run is about text.
const PlaneData& plane_of(const TaskData& data, const std::string& what);

}  // namespace moe::data
