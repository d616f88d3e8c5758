// SPDX-License-Identifier: Apache-2.0
#include "engine/data/plane/plane_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/file_io.h"

namespace moe::data {
namespace {

void append(PointSet& to, const PointSet& from, std::size_t i) {
  to.xy.insert(to.xy.end(), {from.xy[2 * i], from.xy[2 * i + 1]});
  if (from.has_classes())
    to.labels.push_back(from.labels[i]);
  else
    to.values.push_back(from.values[i]);
}

/// The stored points, or those of the file, which are stored then.
PointTable stored_table(const PlaneOptions& o) {
  std::error_code ignored;
  if (o.generated.kind == "drawing" || std::filesystem::exists(o.stored, ignored)) {
    if (o.generated.kind == "drawing" && !std::filesystem::exists(o.stored, ignored))
      throw Error(ErrorKind::usage, "nothing has been drawn", "data.points", "at least 10 points of 2 classes",
                  "Draw some points first, or choose a set that is generated");
    return read_points(o.stored, "auto");
  }
  PointTable table = read_points(o.file, o.target);
  if (o.stored.empty()) return table;
  const std::string text = points_csv(table);
  StagedFile copy(o.stored);
  copy.write(text.data(), text.size());
  copy.commit();
  return table;
}

}  // namespace

PlaneData::PlaneData(const PlaneOptions& options) {
  const PointSetOptions& generated = options.generated;
  if (generated.kind == "drawing" || generated.kind == "file") {
    const PointTable table = stored_table(options);
    if (generated.kind == "file") map_ = fit_canvas(table);
    class_names_ = table.class_names;
    split(to_canvas(table, map_), generated.seed, options.held_out_share);
  } else {
    train_ = make_points(generated, 0);
    PointSetOptions held_out = generated;
    held_out.count = kHeldOut;
    held_out_ = make_points(held_out, 1);
    for (int c = 0; c < train_.classes; ++c) class_names_.emplace_back(1, static_cast<char>('A' + c));
  }
  share_.assign(class_names_.size(), 0.0);
  for (const std::int32_t label : train_.labels)
    share_[static_cast<std::size_t>(label)] += 1.0 / static_cast<double>(train_.size());
  describe(options);
}

// At least a fifth of a few points: two points would measure nothing.
void PlaneData::split(const PointSet& all, std::uint64_t seed, double share) {
  const std::size_t n = all.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  const RandomStream random(seed, Purpose::split);
  for (std::size_t i = n; i > 1; --i) std::swap(order[i - 1], order[random.below(i, i)]);
  const std::size_t least = std::min<std::size_t>(20, n / 5);
  const std::size_t held = std::max(least, static_cast<std::size_t>(share * static_cast<double>(n)));
  train_.classes = held_out_.classes = all.classes;
  std::sort(order.begin() + static_cast<std::ptrdiff_t>(held), order.end());  // in the order they were drawn
  for (std::size_t i = 0; i < n; ++i) append(i < held ? held_out_ : train_, all, order[i]);
}

void PlaneData::describe(const PlaneOptions& options) {
  const std::string& kind = options.generated.kind;
  const std::string source = kind == "file" ? options.file.string() : kind == "drawing" ? "a drawing" : kind;
  description_ =
      fmt::format("points of the plane: {}, {} to train and {} held out, {}", source, train_.size(), held_out_.size(),
                  classes() > 0 ? fmt::format("{} classes", classes()) : std::string("a value each"));
}

void PlaneData::batch(std::uint64_t seed, std::uint64_t step, int micro, int points, PointBatch& out) const {
  const RandomStream random(seed, Purpose::batch, step, static_cast<std::uint32_t>(micro));
  const auto n = static_cast<std::size_t>(points);
  out.xy.resize(2 * n);
  out.labels.resize(train_.has_classes() ? n : 0);
  out.values.resize(train_.has_classes() ? 0 : n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto from = static_cast<std::size_t>(random.below(i, train_.size()));
    out.xy[2 * i] = train_.xy[2 * from];
    out.xy[2 * i + 1] = train_.xy[2 * from + 1];
    if (train_.has_classes())
      out.labels[i] = train_.labels[from];
    else
      out.values[i] = train_.values[from];
  }
}

}  // namespace moe::data
