// SPDX-License-Identifier: GPL-3.0-or-later
// Pictures of the plane from the engine's grids: owners as washes, borders as lines, places for labels. Pure functions;
// places are in the unit square, x to the right, y downwards (row 0 is the top).
#pragma once
#include <QColor>
#include <QImage>
#include <QLineF>
#include <QPainter>
#include <QPointF>
#include <QPolygonF>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/protocol/plane.h"
#include "ui/widgets/class_mark.h"

namespace moe::ui {

struct PlaneLayers {
  bool owner = true, decision = true, data = true, noise = false;
  bool operator==(const PlaneLayers&) const = default;
};

/// Hue of an owner: eight, then the same eight darker.
QColor planeHue(int expert);
/// The same for words and strokes, at least 3:1 on the canvas.
QColor planeInk(int expert);

/// One pixel per cell: hue of the owner at 10 … 46 % by confidence; of values also shaded by the value. Without
/// owners the answer is shaded.
QImage planeImage(const protocol::PlanePicture& picture, const PlaneLayers& layers, double valueLow, double valueHigh);
/// Grain over the owners: of each cell as large a share of dots as the share of draws in which the router's noise makes
/// another expert the first choice, in the hue of the one that it makes it most often. Null: nothing was measured.
QImage noiseImage(const protocol::PlanePicture& picture);
/// Mean of that share over the plane; NaN: nothing was measured.
double flipShare(const protocol::PlanePicture& picture);
/// What one expert alone would answer (shade) and where the gate asks it (hue); thumb² pixels.
QImage expertImage(const protocol::PlanePicture& picture, int expert, double valueLow, double valueHigh);

/// Lines between cells of different kinds; each crossing lies where the two leads (0 … 255) balance.
std::vector<QLineF> borderLines(int grid, std::span<const std::uint8_t> kind, std::span<const std::uint8_t> lead);
/// Lines of equal value.
std::vector<QLineF> levelLines(int grid, std::span<const float> value, double level);
/// Where the answer changes: borders of the classes, or three levels of a value.
/// On a seam the answer may jump: there the line lies where the gate changes hands, not on a stair of cells.
std::vector<QLineF> answerLines(const protocol::PlanePicture& picture, double valueLow, double valueHigh);
std::vector<QLineF> expertAnswerLines(const protocol::PlanePicture& picture, int expert);

struct RegionLabel {
  int expert = 0;
  QPointF at;
  double room = 0;  // distance to the next region or the edge, as a share of the side
};
/// The picture without the cells that lie under `covered` (unit square): nobody's.
protocol::PlanePicture uncovered(const protocol::PlanePicture& picture, const std::vector<QRectF>& covered);
/// Roomiest place of each owner's regions; a place of `before` that is nearly as good is kept, so that labels do not
/// jump. Regions without room for a label have none.
std::vector<RegionLabel> regionLabels(const protocol::PlanePicture& picture,
                                      const std::vector<RegionLabel>& before = {});

/// Point of a value: the darker, the higher.
void drawValuePoint(QPainter& painter, QPointF centre, double share, double radius);
/// The same lines as chains of points; each line is in one of them.
std::vector<QPolygonF> joinLines(const std::vector<QLineF>& lines);
void drawLines(QPainter& painter, const QRectF& area, const std::vector<QLineF>& lines, const QPen& pen);
/// Words with a canvas-coloured halo.
void drawHaloText(QPainter& painter, QPointF centre, const QString& text, const QColor& ink, double halo);

}  // namespace moe::ui
