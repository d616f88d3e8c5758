// SPDX-License-Identifier: GPL-3.0-or-later
// What a repaint of each panel costs, at the sizes of a laptop and of a desktop, and of a map of 64 × 128 experts.
#include <QElapsedTimer>
#include <QImage>
#include <QTest>

#include "tests/support/sample_run.h"
#include "tests/ui/panels/picture_scenes.h"
#include "ui/charts/charts_panel.h"
#include "ui/panels/routing_map_panel.h"
#include "ui/panels/routing_map_view.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

namespace {

/// Milliseconds of the fastest of several paints into an image; the fastest is the least disturbed by other work.
double paintCost(QWidget& widget) {
  QImage target(widget.size(), QImage::Format_RGB32);
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    QElapsedTimer timer;
    timer.start();
    widget.render(&target);
    best = std::min(best, static_cast<double>(timer.nsecsElapsed()) / 1e6);
  }
  return best;
}

}  // namespace

class TestPaintCost : public QObject {
  Q_OBJECT
 private slots:
  void panels_data() {
    QTest::addColumn<bool>("wide");
    QTest::newRow("1366x768") << false;
    QTest::newRow("1920x1080") << true;
  }
  void panels() {
    QFETCH(bool, wide);
    Theme::instance().apply(*qApp, Theme::Light);
    RunHistory history;
    moe::test::fillSampleRun(history);
    for (const auto& scene : moe::test::pictureScenes(wide)) {
      if (scene.empty) continue;
      Selection selection;
      moe::test::selectForPicture(selection);
      const auto widget = scene.make(history, selection);
      widget->resize(scene.size);
      widget->show();
      qApp->processEvents();
      const double ms = paintCost(*widget);
      qInfo("%-16s %4d x %-4d %6.2f ms", scene.name.c_str(), scene.size.width(), scene.size.height(), ms);
      QVERIFY2(ms < 50, scene.name.c_str());
    }
  }

  void largestMap() {
    Theme::instance().apply(*qApp, Theme::Light);
    RunHistory history;
    moe::test::fillSampleRun(history, {64, 128, 8});
    Selection selection;
    RoutingMapPanel panel(history, selection);
    panel.resize(774, 282);
    panel.show();
    qApp->processEvents();
    const double ms = paintCost(*panel.view());
    qInfo("map of 64 x 128 experts %6.2f ms", ms);
    QVERIFY2(ms < 10, "the largest map must stay far below a frame");
  }

  void chartTick() {
    Theme::instance().apply(*qApp, Theme::Light);
    RunHistory history;
    const moe::test::SampleShape shape{6, 16, 20'000};
    moe::test::fillSampleRun(history, shape);
    Selection selection;
    ChartsPanel panel(history, selection);
    panel.resize(774, 160);
    panel.show();
    qApp->processEvents();
    double best = 1e9;
    for (qint64 i = 1; i <= 8; ++i) {
      history.add(moe::test::sampleStep(shape, shape.steps + i));
      QElapsedTimer timer;
      timer.start();
      panel.refreshNow();
      best = std::min(best, static_cast<double>(timer.nsecsElapsed()) / 1e6);
    }
    qInfo("one tick of the charts after 20,000 steps, without painting: %.2f ms", best);
    QVERIFY2(best < 50, "ten ticks a second must leave time for everything else");
  }
};

QTEST_MAIN(TestPaintCost)
#include "tst_paint_cost.moc"
