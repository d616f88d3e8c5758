// SPDX-License-Identifier: GPL-3.0-or-later
// One step taken apart, on the canvas: scores, noise, top-k, dispatch, expert outputs, combine, losses, update.
#pragma once
#include <QPainter>
#include <QRectF>
#include <QString>

#include "engine/protocol/plane.h"

namespace moe::ui {

constexpr int kStages = 8;

/// "Top-k", and what happened in this stage, with its figures.
QString stageName(int stage);
QString stageSentence(const protocol::PlaneStages& stages, int stage);

/// Marks of the step's points (and of the experts' changes) over the plane in `area`; `unit`: pixels per design pixel.
void drawStage(QPainter& painter, const QRectF& area, const protocol::PlaneStages& stages, int stage, double unit);

}  // namespace moe::ui
