// SPDX-License-Identifier: GPL-3.0-or-later
// A studio over the scripted engine that learns points.
#pragma once
#include "tests/ui/window/window_bench.h"
#include "ui/main_window_plane.h"
#include "ui/panels/plane_panel.h"

namespace moe::test {

struct PlaneBench : WindowBench {
  PlaneBench() : WindowBench("") {}
  bool learning(qint64 step = 5) {
    return ready() && training(step, QStringLiteral("plane-spirals")) &&
           QTest::qWaitFor([&] { return controller.plane().picture() && controller.plane().points(); }, 15'000);
  }
  ui::PlaneView* view() { return window->planePage()->canvas()->view(); }
  QColor at(QPointF place) {
    const QImage image = view()->grab().toImage();
    const QPointF pixel = view()->pixelOf(place) * image.devicePixelRatio();
    return image.pixelColor(pixel.toPoint());
  }
};

}  // namespace moe::test
