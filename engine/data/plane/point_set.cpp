// SPDX-License-Identifier: Apache-2.0
#include "engine/data/plane/point_set.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "engine/core/error.h"
#include "engine/core/random.h"

namespace moe::data {
namespace {

using std::numbers::pi;

struct Point {
  double x = 0, y = 0;
};

/// Random numbers of one point, and what all points of a set share.
struct Draw {
  const PointSetOptions& options;
  const RandomStream& random;
  std::uint64_t point = 0;  // index in the sample
  double uniform(int use) const { return random.uniform(point * 8 + static_cast<std::uint64_t>(use)); }
  double normal(int use) const { return random.normal(point * 8 + static_cast<std::uint64_t>(use)); }
  double detail(double own) const { return options.detail > 0 ? options.detail : own; }
  int label() const { return static_cast<int>(point % static_cast<std::uint64_t>(options.classes)); }
  Point anywhere() const { return {uniform(0) * 2 - 1, uniform(1) * 2 - 1}; }
};

struct Sample {
  Point at;
  int label = 0;
  double value = 0;
};

/// Centres as far apart as sixteen candidates each allow, the same for every sample.
std::vector<Point> blob_centres(const PointSetOptions& o) {
  const int count = o.classes <= 4 ? 3 * o.classes : o.classes;
  const RandomStream random(o.seed, Purpose::document, 0, 1);
  constexpr int kCandidates = 16;
  std::vector<Point> centres;
  for (int c = 0; c < count; ++c) {
    Point best;
    double widest = -1;
    for (int i = 0; i < kCandidates; ++i) {
      const auto at = static_cast<std::uint64_t>(c * kCandidates + i) * 2;
      const Point p{1.5 * random.uniform(at) - 0.75, 1.5 * random.uniform(at + 1) - 0.75};
      double nearest = 8;
      for (const Point& q : centres) nearest = std::min(nearest, std::hypot(p.x - q.x, p.y - q.y));
      if (nearest <= widest) continue;
      widest = nearest;
      best = p;
    }
    centres.push_back(best);
  }
  return centres;
}

Sample blobs(const Draw& d, const std::vector<Point>& centres) {
  const std::uint64_t rounds = centres.size() / static_cast<std::uint64_t>(d.options.classes);
  const std::uint64_t round = d.point / static_cast<std::uint64_t>(d.options.classes) % rounds;
  const int label = d.label();
  const Point c = centres[round * static_cast<std::uint64_t>(d.options.classes) + static_cast<std::uint64_t>(label)];
  constexpr double kSpread = 0.06;
  return {{c.x + kSpread * d.normal(0), c.y + kSpread * d.normal(1)}, label, 0};
}

Sample moons(const Draw& d) {
  const double angle = pi * d.uniform(0);
  const int label = d.label();
  const Point p =
      label == 0 ? Point{std::cos(angle), std::sin(angle)} : Point{1 - std::cos(angle), 0.5 - std::sin(angle)};
  constexpr double kScale = 0.55;
  return {{(p.x - 0.5) * kScale, (p.y - 0.25) * kScale}, label, 0};
}

Sample spirals(const Draw& d) {
  const int label = d.label();
  const double turns = d.detail(1.25), t = std::sqrt(0.03 + 0.97 * d.uniform(0));
  const double angle = 2 * pi * (turns * t + static_cast<double>(label) / d.options.classes);
  const double radius = 0.88 * t;
  return {{radius * std::cos(angle), radius * std::sin(angle)}, label, 0};
}

Sample checkerboard(const Draw& d) {
  const Point p = d.anywhere();
  const double cells = std::max(1.0, std::round(d.detail(4)));
  const auto cell = [&](double v) { return static_cast<int>(std::min(cells - 1, std::floor((v + 1) / 2 * cells))); };
  return {p, (cell(p.x) + cell(p.y)) % d.options.classes, 0};
}

/// Rings of one width each with a gap between them; with detail, that many rings whose classes take turns.
Sample rings(const Draw& d) {
  const int count = std::max(d.options.classes,
                             static_cast<int>(std::round(d.detail(d.options.classes == 2 ? 3 : d.options.classes))));
  // Area grows with the radius: a ring is chosen with that weight, so that points lie equally dense.
  const double spacing = 0.92 / count, width = 0.7 * spacing;
  const double pick = d.uniform(0) * count * (count + 1) / 2;
  int ring = 0;
  for (double sum = 1; ring + 1 < count && pick >= sum; ++ring, sum += ring + 1) {
  }
  const double radius = spacing * ring + width * (ring == 0 ? std::sqrt(d.uniform(1)) : d.uniform(1));
  const double angle = 2 * pi * d.uniform(2);
  return {{radius * std::cos(angle), radius * std::sin(angle)}, ring % d.options.classes, 0};
}

/// Tilted treads with a jump between them, the number of treads along a slanted axis.
Sample steps(const Draw& d) {
  const Point p = d.anywhere();
  const double count = std::max(2.0, std::round(d.detail(4)));
  const double along = std::clamp((p.x * 0.9 + p.y * 0.435 + 1.335) / 2.67, 0.0, 1.0);
  const double tread = std::min(count - 1, std::floor(along * count));
  constexpr std::array<double, 4> kLevel{-0.8, 0.5, -0.2, 0.8};
  const double slope = static_cast<int>(tread) % 2 == 0 ? 0.25 : -0.25;
  return {p, 0, kLevel[static_cast<std::size_t>(tread) % kLevel.size()] + slope * p.y};
}

Sample wave(const Draw& d) {
  const Point p = d.anywhere();
  const double waves = d.detail(1.5);
  return {p, 0, std::sin(pi * waves * p.x) * std::cos(pi * waves * p.y)};
}

bool gives_values(const std::string& kind) { return kind == "steps" || kind == "wave"; }

}  // namespace

const std::vector<std::string>& point_set_kinds() {
  static const std::vector<std::string> all{"blobs", "moons", "spirals", "checkerboard", "rings", "steps", "wave"};
  return all;
}

PointSet make_points(const PointSetOptions& options, std::uint32_t sample) {
  const auto& kinds = point_set_kinds();
  if (std::find(kinds.begin(), kinds.end(), options.kind) == kinds.end())
    throw Error(ErrorKind::usage, "there is no set of points named " + options.kind, "data.points", "",
                "Choose one of those that moe-cli knobs lists");
  const RandomStream random(options.seed, Purpose::document, sample, 2);
  const std::vector<Point> centres = options.kind == "blobs" ? blob_centres(options) : std::vector<Point>();
  PointSet set;
  set.classes = gives_values(options.kind) ? 0 : options.kind == "moons" ? 2 : options.classes;
  for (int i = 0; i < options.count; ++i) {
    const Draw draw{options, random, static_cast<std::uint64_t>(i)};
    Sample s = options.kind == "blobs"          ? blobs(draw, centres)
               : options.kind == "moons"        ? moons(draw)
               : options.kind == "spirals"      ? spirals(draw)
               : options.kind == "checkerboard" ? checkerboard(draw)
               : options.kind == "rings"        ? rings(draw)
               : options.kind == "steps"        ? steps(draw)
                                                : wave(draw);
    if (set.classes > 0) {
      set.labels.push_back(s.label);
      s.at.x += options.jitter * draw.normal(4);
      s.at.y += options.jitter * draw.normal(5);
    } else {
      set.values.push_back(static_cast<float>(s.value + options.jitter * draw.normal(4)));
    }
    set.xy.push_back(static_cast<float>(std::clamp(s.at.x, -1.0, 1.0)));
    set.xy.push_back(static_cast<float>(std::clamp(s.at.y, -1.0, 1.0)));
  }
  return set;
}

}  // namespace moe::data
