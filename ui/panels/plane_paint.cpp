// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/panels/plane_paint.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "ui/panels/colour_scale.h"
#include "ui/widgets/theme.h"

namespace moe::ui {
namespace {

constexpr int kHues = 8;
constexpr double kLeast = 0.10, kMost = 0.46;  // of an owner's hue, by confidence
constexpr double kValueShade = 0.42, kClassShade = 0.20, kExpertShade = 0.30;
constexpr std::array kInkOfHue = {2, 6, 0, 1, 4, 3, 5, 7};  // pins with the same hues, in the planes' order

QRgb mix(QRgb a, QRgb b, double t) {
  const auto part = [t](int x, int y) { return static_cast<int>(std::lround(x + (y - x) * t)); };
  return qRgb(part(qRed(a), qRed(b)), part(qGreen(a), qGreen(b)), part(qBlue(a), qBlue(b)));
}

double shareOf(double value, double low, double high) {
  return high > low ? std::clamp((value - low) / (high - low), 0.0, 1.0) : 0.5;
}

/// How dark the answer "class c" is drawn: the first one darkest, the last one not at all.
double classShade(int winner, int classes) {
  return classes > 1 ? static_cast<double>(classes - 1 - winner) / (classes - 1) : 0;
}

}  // namespace

QColor planeHue(int expert) {
  const QColor hue = Theme::instance().expertColor(expert % kHues);
  return expert < kHues ? hue : hue.darker(150);
}

QColor planeInk(int expert) {
  const QColor ink = Theme::instance().pinStroke(kInkOfHue[static_cast<std::size_t>(expert % kHues)]);
  if (expert < kHues) return ink;
  return Theme::instance().dark() ? ink.lighter(120) : ink.darker(130);
}

QImage planeImage(const protocol::PlanePicture& picture, const PlaneLayers& layers, double valueLow, double valueHigh) {
  const int n = picture.grid;
  const Theme& theme = Theme::instance();
  const QRgb canvas = theme.color(Role::canvas).rgb(), ink = theme.color(Role::text).rgb();
  std::array<QRgb, 256> hues{};
  for (int e = 0; e < std::clamp(picture.experts, 0, 256); ++e) hues[static_cast<std::size_t>(e)] = planeHue(e).rgb();
  QImage image(n, n, QImage::Format_RGB32);
  const bool owners = layers.owner && !picture.owner.empty();
  for (int row = 0; row < n; ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int column = 0; column < n; ++column) {
      const auto i = static_cast<std::size_t>(row * n + column);
      QRgb colour = canvas;
      if (owners && picture.owner[i] < picture.experts)
        colour = mix(canvas, hues[picture.owner[i]], kLeast + (kMost - kLeast) * picture.gate[i] / 255.0);
      if (layers.decision && !picture.value.empty())
        colour = mix(colour, ink, kValueShade * shareOf(picture.value[i], valueLow, valueHigh));
      else if (layers.decision && !owners && !picture.winner.empty())
        colour = mix(colour, ink,
                     kClassShade * classShade(picture.winner[i], picture.classes) * picture.confidence[i] / 255.0);
      line[column] = colour;
    }
  }
  return image;
}

QImage noiseImage(const protocol::PlanePicture& picture) {
  // Ordered dither: a share of n/16 sets n of 16 dots, spread evenly and the same in every picture.
  constexpr std::array kOrder = {0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5};
  constexpr int kDots = 4;
  const int n = picture.flip_grid;
  const auto cells = static_cast<std::size_t>(n) * static_cast<std::size_t>(std::max(n, 0));
  if (n < 1 || picture.flips.size() < cells || picture.flip_to.size() < cells) return {};
  QImage image(n * kDots, n * kDots, QImage::Format_ARGB32);
  image.fill(Qt::transparent);
  for (int y = 0; y < image.height(); ++y) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(y));
    for (int x = 0; x < image.width(); ++x) {
      const auto cell = static_cast<std::size_t>(y / kDots * n + x / kDots);
      const int threshold = kOrder[static_cast<std::size_t>(y % kDots * kDots + x % kDots)];
      if (picture.flip_to[cell] < picture.experts && picture.flips[cell] / 255.0 * 16 > threshold + 0.5)
        line[x] = planeHue(picture.flip_to[cell]).rgb();
    }
  }
  return image;
}

double flipShare(const protocol::PlanePicture& picture) {
  if (picture.flips.empty()) return std::nan("");
  double sum = 0;
  for (const std::uint8_t share : picture.flips) sum += share;
  return sum / 255.0 / static_cast<double>(picture.flips.size());
}

QImage expertImage(const protocol::PlanePicture& picture, int expert, double valueLow, double valueHigh) {
  const int m = picture.thumb;
  const auto cells = static_cast<std::size_t>(m) * static_cast<std::size_t>(m);
  const std::size_t base = static_cast<std::size_t>(std::max(expert, 0)) * cells;
  if (m < 1 || expert < 0 || picture.expert_gate.size() < base + cells) return {};
  const Theme& theme = Theme::instance();
  const QRgb canvas = theme.color(Role::canvas).rgb(), ink = theme.color(Role::text).rgb(),
             hue = planeHue(expert).rgb();
  const bool values = picture.expert_value.size() >= base + cells;
  const bool classes = picture.expert_winner.size() >= base + cells;
  QImage image(m, m, QImage::Format_RGB32);
  for (int row = 0; row < m; ++row) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(row));
    for (int column = 0; column < m; ++column) {
      const std::size_t i = base + static_cast<std::size_t>(row * m + column);
      QRgb colour = mix(canvas, hue, 0.06 + 0.74 * picture.expert_gate[i] / 255.0);
      double shade = 0;
      if (values) shade = shareOf(picture.expert_value[i], valueLow, valueHigh);
      if (!values && classes)
        shade = classShade(picture.expert_winner[i], picture.classes) * picture.expert_confidence[i] / 255.0;
      line[column] = mix(colour, ink, kExpertShade * shade);
    }
  }
  return image;
}

// ---- lines ----------------------------------------------------------------------------------------------------

namespace {

/// Walks over all squares of four neighbouring cells; `cross` gives the share of the way from cell a to cell b where a
/// line passes, or a negative number.
template <class Cross>
std::vector<QLineF> march(int n, Cross cross) {
  std::vector<QLineF> out;
  const double cell = 1.0 / std::max(n, 1);
  const auto place = [&](double column, double row) { return QPointF((column + 0.5) * cell, (row + 0.5) * cell); };
  for (int r = 0; r + 1 < n; ++r) {
    for (int c = 0; c + 1 < n; ++c) {
      const int a = r * n + c, b = a + 1, d = a + n, e = d + 1;
      std::array<QPointF, 4> at;
      int count = 0;
      if (const double t = cross(a, b); t >= 0) at[static_cast<std::size_t>(count++)] = place(c + t, r);
      if (const double t = cross(b, e); t >= 0) at[static_cast<std::size_t>(count++)] = place(c + 1, r + t);
      if (const double t = cross(d, e); t >= 0) at[static_cast<std::size_t>(count++)] = place(c + t, r + 1);
      if (const double t = cross(a, d); t >= 0) at[static_cast<std::size_t>(count++)] = place(c, r + t);
      if (count == 2) out.emplace_back(at[0], at[1]);
      if (count < 3) continue;
      QPointF middle;  // where three or four kinds meet
      for (int i = 0; i < count; ++i) middle += at[static_cast<std::size_t>(i)] / count;
      for (int i = 0; i < count; ++i) out.emplace_back(at[static_cast<std::size_t>(i)], middle);
    }
  }
  return out;
}

}  // namespace

std::vector<QLineF> borderLines(int grid, std::span<const std::uint8_t> kind, std::span<const std::uint8_t> lead) {
  const auto cells = static_cast<std::size_t>(grid) * static_cast<std::size_t>(std::max(grid, 0));
  if (grid < 2 || kind.size() < cells || lead.size() < cells) return {};
  return march(grid, [&](int a, int b) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (kind[i] == kind[j]) return -1.0;
    return (lead[i] + 0.5) / (lead[i] + lead[j] + 1.0);
  });
}

std::vector<QLineF> levelLines(int grid, std::span<const float> value, double level) {
  const auto cells = static_cast<std::size_t>(grid) * static_cast<std::size_t>(std::max(grid, 0));
  if (grid < 2 || value.size() < cells) return {};
  return march(grid, [&](int a, int b) {
    const double x = value[static_cast<std::size_t>(a)] - level, y = value[static_cast<std::size_t>(b)] - level;
    return (x < 0) == (y < 0) ? -1.0 : x / (x - y);
  });
}

namespace {

/// A level of the value, on a seam where the gate changes hands.
std::vector<QLineF> valueLines(const protocol::PlanePicture& picture, double level) {
  const auto cells = static_cast<std::size_t>(picture.grid) * static_cast<std::size_t>(std::max(picture.grid, 0));
  if (picture.owner.size() < cells || picture.gate.size() < cells || picture.value.size() < cells)
    return levelLines(picture.grid, picture.value, level);
  return march(picture.grid, [&](int a, int b) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    const double x = picture.value[i] - level, y = picture.value[j] - level;
    if ((x < 0) == (y < 0)) return -1.0;
    if (picture.owner[i] == picture.owner[j]) return x / (x - y);
    return (picture.gate[i] + 0.5) / (picture.gate[i] + picture.gate[j] + 1.0);
  });
}

std::vector<QLineF> classLines(const protocol::PlanePicture& picture) {
  const auto cells = static_cast<std::size_t>(picture.grid) * static_cast<std::size_t>(std::max(picture.grid, 0));
  const bool owned = picture.owner.size() >= cells && picture.gate.size() >= cells;
  if (picture.grid < 2 || picture.winner.size() < cells || picture.margin.size() < cells) return {};
  return march(picture.grid, [&](int a, int b) {
    const auto i = static_cast<std::size_t>(a), j = static_cast<std::size_t>(b);
    if (picture.winner[i] == picture.winner[j]) return -1.0;
    const auto& lead = owned && picture.owner[i] != picture.owner[j] ? picture.gate : picture.margin;
    return (lead[i] + 0.5) / (lead[i] + lead[j] + 1.0);
  });
}

}  // namespace

std::vector<QLineF> answerLines(const protocol::PlanePicture& picture, double valueLow, double valueHigh) {
  if (picture.value.empty()) return classLines(picture);
  std::vector<QLineF> out;
  for (const double share : {0.25, 0.5, 0.75}) {
    const auto lines = valueLines(picture, valueLow + share * (valueHigh - valueLow));
    out.insert(out.end(), lines.begin(), lines.end());
  }
  return out;
}

std::vector<QLineF> expertAnswerLines(const protocol::PlanePicture& picture, int expert) {
  const auto cells = static_cast<std::size_t>(picture.thumb) * static_cast<std::size_t>(std::max(picture.thumb, 0));
  const std::size_t base = static_cast<std::size_t>(std::max(expert, 0)) * cells;
  if (picture.expert_winner.size() < base + cells || cells == 0) return {};
  // The lead over the second is not sent; what the probability has above chance vanishes at the same places for two
  // classes, and nearly so for more.
  const double chance = 255.0 / std::max(picture.classes, 2);
  std::vector<std::uint8_t> lead(cells);
  for (std::size_t i = 0; i < cells; ++i)
    lead[i] = static_cast<std::uint8_t>(std::clamp(picture.expert_confidence[base + i] - chance, 0.0, 255.0));
  return borderLines(picture.thumb, std::span(picture.expert_winner).subspan(base, cells), lead);
}

// ---- labels ---------------------------------------------------------------------------------------------------

namespace {

/// Distance of each cell to the next cell of another owner or to the edge, in cells (3-4 chamfer).
std::vector<int> roominess(int n, const std::vector<std::uint8_t>& owner) {
  std::vector<int> far(owner.size(), 1 << 20);
  const auto at = [n](int r, int c) { return static_cast<std::size_t>(r * n + c); };
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c) {
      const auto mine = owner[at(r, c)];
      const bool edge = r == 0 || c == 0 || r == n - 1 || c == n - 1;
      if (edge || owner[at(r - 1, c)] != mine || owner[at(r + 1, c)] != mine || owner[at(r, c - 1)] != mine ||
          owner[at(r, c + 1)] != mine)
        far[at(r, c)] = 2;
    }
  const auto relax = [&](int r, int c, int dr, int dc, int cost) {
    const int y = r + dr, x = c + dc;
    if (y < 0 || x < 0 || y >= n || x >= n) return;
    far[at(r, c)] = std::min(far[at(r, c)], far[at(y, x)] + cost);
  };
  for (int r = 0; r < n; ++r)
    for (int c = 0; c < n; ++c)
      for (const auto [dr, dc, cost] : {std::array{0, -1, 3}, {-1, -1, 4}, {-1, 0, 3}, {-1, 1, 4}})
        relax(r, c, dr, dc, cost);
  for (int r = n - 1; r >= 0; --r)
    for (int c = n - 1; c >= 0; --c)
      for (const auto [dr, dc, cost] : {std::array{0, 1, 3}, {1, 1, 4}, {1, 0, 3}, {1, -1, 4}})
        relax(r, c, dr, dc, cost);
  return far;
}

}  // namespace

protocol::PlanePicture uncovered(const protocol::PlanePicture& picture, const std::vector<QRectF>& covered) {
  protocol::PlanePicture out;
  out.grid = picture.grid;
  out.experts = picture.experts;
  out.owner = picture.owner;
  const int n = picture.grid;
  for (const QRectF& box : covered)
    for (int r = std::max(0, static_cast<int>(box.top() * n)); r < std::min<double>(n, box.bottom() * n); ++r)
      for (int c = std::max(0, static_cast<int>(box.left() * n)); c < std::min<double>(n, box.right() * n); ++c)
        if (const auto cell = static_cast<std::size_t>(r * n + c); cell < out.owner.size()) out.owner[cell] = 255;
  return out;
}

std::vector<RegionLabel> regionLabels(const protocol::PlanePicture& picture, const std::vector<RegionLabel>& before) {
  const int n = picture.grid;
  const auto cells = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
  if (n < 8 || picture.owner.size() != cells) return {};
  constexpr double kNeeded = 0.03, kKeep = 0.8;
  const std::vector<int> far = roominess(n, picture.owner);
  std::array<int, 256> best{}, most{};
  best.fill(-1);
  for (std::size_t i = 0; i < cells; ++i) {
    const auto owner = picture.owner[i];
    if (far[i] <= most[owner]) continue;
    most[owner] = far[i];
    best[owner] = static_cast<int>(i);
  }
  std::vector<RegionLabel> out;
  for (int e = 0; e < std::min(picture.experts, 255); ++e) {
    int cell = best[static_cast<std::size_t>(e)];
    if (cell < 0) continue;
    for (const RegionLabel& old : before) {
      const int r = std::clamp(static_cast<int>(old.at.y() * n), 0, n - 1);
      const int c = std::clamp(static_cast<int>(old.at.x() * n), 0, n - 1);
      const auto there = static_cast<std::size_t>(r * n + c);
      if (old.expert != e || picture.owner[there] != e) continue;
      if (far[there] >= kKeep * most[static_cast<std::size_t>(e)]) cell = static_cast<int>(there);
    }
    const double room = far[static_cast<std::size_t>(cell)] / 3.0 / n;
    if (room < kNeeded) continue;
    const int row = cell / n, column = cell % n;
    out.push_back({e, QPointF((column + 0.5) / n, (row + 0.5) / n), room});
  }
  return out;
}

// ---- marks ----------------------------------------------------------------------------------------------------

void drawValuePoint(QPainter& painter, QPointF centre, double share, double radius) {
  const Theme& theme = Theme::instance();
  painter.setPen(QPen(theme.color(Role::text), 1.0));
  painter.setBrush(QColor::fromRgb(mix(theme.color(Role::canvas).rgb(), theme.color(Role::text).rgb(),
                                       std::clamp(std::isnan(share) ? 0.0 : share, 0.0, 1.0))));
  painter.drawEllipse(centre, radius, radius);
}

std::vector<QPolygonF> joinLines(const std::vector<QLineF>& lines) {
  // Neighbouring squares compute their common crossing alike, so ends that meet are the same to the last bit.
  struct Ends {
    std::array<int, 2> line{-1, -1};  // at most two: where more meet, chains end
    int count = 0;
  };
  const auto key = [](QPointF p) { return std::pair(p.x(), p.y()); };
  std::map<std::pair<double, double>, Ends> ends;
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (const QPointF p : {lines[i].p1(), lines[i].p2()}) {
      Ends& here = ends[key(p)];
      if (here.count < 2) here.line[static_cast<std::size_t>(here.count)] = static_cast<int>(i);
      ++here.count;
    }
  std::vector<bool> used(lines.size());
  // Follows the lines from `from` on, which is an end of line `i`.
  const auto follow = [&](int i, QPointF from, QPolygonF& out) {
    while (i >= 0 && !used[static_cast<std::size_t>(i)]) {
      const QLineF& line = lines[static_cast<std::size_t>(i)];
      used[static_cast<std::size_t>(i)] = true;
      from = key(line.p1()) == key(from) ? line.p2() : line.p1();
      out << from;
      const Ends& next = ends.at(key(from));
      i = next.count != 2 ? -1 : next.line[0] == i ? next.line[1] : next.line[0];
    }
  };
  std::vector<QPolygonF> out;
  for (const bool loops : {false, true})  // chains with ends first: what is left are rings
    for (std::size_t i = 0; i < lines.size(); ++i)
      for (const QPointF p : {lines[i].p1(), lines[i].p2()}) {
        if (used[i] || (!loops && ends.at(key(p)).count == 2)) continue;
        QPolygonF chain{p};
        follow(static_cast<int>(i), p, chain);
        out.push_back(std::move(chain));
      }
  return out;
}

void drawLines(QPainter& painter, const QRectF& area, const std::vector<QLineF>& lines, const QPen& pen) {
  if (lines.empty()) return;
  const auto at = [&](QPointF p) { return QPointF(area.x() + p.x() * area.width(), area.y() + p.y() * area.height()); };
  painter.setPen(pen);
  // Short pieces that overlap at their ends would be painted twice there, and look like beads.
  for (QPolygonF& chain : joinLines(lines)) {
    for (QPointF& point : chain) point = at(point);
    painter.drawPolyline(chain);
  }
}

void drawHaloText(QPainter& painter, QPointF centre, const QString& text, const QColor& ink, double halo) {
  const QFontMetricsF metrics(painter.font());
  QPainterPath path;
  path.addText(QPointF(centre.x() - metrics.horizontalAdvance(text) / 2,
                       centre.y() + (metrics.ascent() - metrics.descent()) / 2),
               painter.font(), text);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(Theme::instance().color(Role::canvas), 2 * halo, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.drawPath(path);
  painter.fillPath(path, ink);
}

}  // namespace moe::ui
