// SPDX-License-Identifier: Apache-2.0
// Points as CSV: x, y and a class or a value. A header is optional; commas, semicolons or tabs divide; every bad row is
// refused with its row and column.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/plane/point_set.h"

namespace moe::data {

/// Points as they were written, in the units of the file.
struct PointTable {
  std::vector<double> x, y, value;       // [n]; value of a regression
  std::vector<std::int32_t> label;       // [n] index in class_names
  std::vector<std::string> class_names;  // sorted, numbers by size; empty: values
  std::size_t size() const { return x.size(); }
};

/// `target`: "label", "value" or "auto", which reads the header ("value", "label", "class"), else takes a column of at
/// most 16 different whole numbers or of words as classes. `where` names the source in messages. Throws
/// Error(bad_input).
PointTable parse_points(std::string_view text, const std::string& target, const std::string& where);
/// The same of a file of at most 64 MiB.
PointTable read_points(const std::filesystem::path& file, const std::string& target);
/// What parse_points reads back, bit for bit, with its own header.
std::string points_csv(const PointTable& table);

/// The table moved and scaled onto the canvas: each axis to [-0.9, 0.9], values to mean 0 and standard deviation 1.
struct CanvasMap {
  double centre_x = 0, centre_y = 0, scale_x = 1, scale_y = 1;  // canvas = (file − centre) / scale
  double value_centre = 0, value_scale = 1;
};
CanvasMap fit_canvas(const PointTable& table);
PointSet to_canvas(const PointTable& table, const CanvasMap& map);

}  // namespace moe::data
