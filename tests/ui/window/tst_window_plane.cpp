// SPDX-License-Identifier: GPL-3.0-or-later
// A run of points in the window, driven by clicks and keys over the scripted engine.
#include <QCheckBox>
#include <QDockWidget>
#include <QListWidget>
#include <QPushButton>

#include "tests/support/sample_plane.h"
#include "tests/ui/window/plane_bench.h"
#include "ui/bridge/slow_motion.h"
#include "ui/charts/plane_charts_panel.h"
#include "ui/dialogs/draw_points_dialog.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/main_window_plane.h"
#include "ui/panels/expert_thumbs_panel.h"
#include "ui/panels/plane_panel.h"
#include "ui/panels/probe_card.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/segment.h"

using namespace moe::ui;

using moe::test::PlaneBench;

class TstWindowPlane : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }

  void theCanvasTakesThePlaceOfTheMap() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    QVERIFY(bench.view()->isVisible());
    QTRY_COMPARE(bench.view()->labels().size(), std::size_t{4});
    QTRY_VERIFY2(bench.window->planePage()->canvas()->costWords().contains("3 % of time"),
                 qPrintable(bench.window->planePage()->canvas()->costWords()));
    QVERIFY(!bench.window->action("view.inspect")->isEnabled());
    // A run of text brings the map back.
    QVERIFY(bench.training(3, QStringLiteral("text-tiny")));
    QTRY_VERIFY(!bench.view()->isVisible());
    QVERIFY(!bench.controller.plane().isWatched());
    QTRY_VERIFY(bench.window->action("view.inspect")->isEnabled());
  }

  void layersAreSwitchedByClicks() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    bench.click(bench.window->header()->runButton());
    QVERIFY(bench.state("paused"));
    PlanePanel* panel = bench.window->planePage()->canvas();
    bench.click(panel->layerBox("data"));
    const QPointF place(0.52, 0.70);  // deep in E1, outside the circle
    const QColor washed = bench.at(place);
    QVERIFY2(washed.saturation() > 30, qPrintable(washed.name()));
    bench.click(panel->layerBox("owner"));
    QVERIFY(bench.at(place).saturation() < 5);
    QVERIFY(bench.view()->labels().empty());
    QCOMPARE(panel->title(), QStringLiteral("What the model answers"));
    // The line of the decision passes the circle's top.
    const auto darkest = [&] {
      double least = 1;
      for (int i = -6; i <= 6; ++i) least = std::min(least, bench.at({0.0, 0.6 + 0.004 * i}).lightnessF() * 1.0);
      return least;
    };
    QVERIFY(darkest() < 0.35);
    bench.click(panel->layerBox("decision"));
    QVERIFY(darkest() > 0.9);
  }

  void aClickProbes() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    ProbeCard* card = bench.window->probeCard();
    QVERIFY(card->isVisible());
    QVERIFY(card->sentence().contains("Click the canvas"));
    QTest::mouseClick(bench.view(), Qt::LeftButton, {}, bench.view()->pixelOf({-0.3, 0.2}).toPoint());
    QTRY_VERIFY2(card->verdict().contains("Class A"), qPrintable(card->verdict()));
    QVERIFY2(card->sentence().contains("E2"), qPrintable(card->sentence()));
    QVERIFY2(bench.view()->accessibleName().contains("class A"), qPrintable(bench.view()->accessibleName()));
    QTest::mouseClick(bench.view(), Qt::LeftButton, {}, bench.view()->pixelOf({0.0, 0.8}).toPoint());
    QTRY_VERIFY2(card->sentence().contains("Near the seam of E1 and E2"), qPrintable(card->sentence()));
    QTRY_VERIFY(card->verdict().contains("Class B"));
    QCOMPARE(card->table().rows.size(), std::size_t{4});
  }

  void journeyByKeyboardAlone() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    QTest::keyClick(bench.window.get(), Qt::Key_Space);
    QVERIFY(bench.state("paused"));
    // Tab reaches the canvas, its layers and the thumbnails.
    QSet<QString> reached;
    for (int i = 0; i < 90; ++i) {
      QTest::keyClick(QApplication::focusWidget() ? QApplication::focusWidget() : bench.window.get(), Qt::Key_Tab);
      if (QWidget* now = QApplication::focusWidget()) reached << now->objectName();
    }
    for (const char* name : {"planeView", "expertThumbs", "planeOwner", "planeDecision", "planeData"})
      QVERIFY2(reached.contains(name), name);
    bench.view()->setFocus();
    for (int i = 0; i < 4; ++i) QTest::keyClick(bench.view(), Qt::Key_Left, Qt::ShiftModifier);
    QTest::keyClick(bench.view(), Qt::Key_Up, Qt::ShiftModifier);
    QTRY_VERIFY(bench.controller.plane().probe() && std::abs(bench.controller.plane().probe()->x + 0.8) < 1e-6);
    QTest::keyClick(bench.view(), Qt::Key_Return);
    QCOMPARE(bench.selection.primary(), std::optional(ExpertRef{0, 1}));
    QTRY_VERIFY(bench.window->probeCard()->expertWords().contains("30 % of points"));
    QTest::keyClick(bench.view(), Qt::Key_Escape);
    QVERIFY(!bench.controller.plane().probePlace());
    ExpertThumbs* thumbs = bench.window->planePage()->experts()->thumbs();
    thumbs->setFocus();
    QTest::keyClick(thumbs, Qt::Key_Right);
    QCOMPARE(bench.selection.primary(), std::optional(ExpertRef{0, 2}));
    QVERIFY(thumbs->accessibleName().contains("E3: 20 % of points"));
    QTest::keyClick(thumbs, Qt::Key_Return);
    QCOMPARE(bench.view()->promoted(), 2);
    QTest::keyClick(thumbs, Qt::Key_Escape);
    QCOMPARE(bench.view()->promoted(), -1);
    QTest::keyClick(thumbs, Qt::Key_P);
    QCOMPARE(bench.selection.pinIndex({0, 2}), 0);
  }

  void pointingAtAThumbnailShowsItLargeAndAClickSelects() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    ExpertThumbs* thumbs = bench.window->planePage()->experts()->thumbs();
    const QPoint third = thumbs->thumbBox(2).center().toPoint();
    QTest::mouseMove(thumbs, third);
    QTRY_COMPARE(bench.view()->promoted(), 2);
    QCOMPARE(bench.window->planePage()->canvas()->title(), QStringLiteral("Expert E3 alone"));
    QTest::mouseClick(thumbs, Qt::LeftButton, {}, third);
    QCOMPARE(bench.selection.primary(), std::optional(ExpertRef{0, 2}));
    QEvent leave(QEvent::Leave);
    QApplication::sendEvent(thumbs, &leave);
    QCOMPARE(bench.view()->promoted(), -1);
  }

  void hiddenCanvasIsNotPainted() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    QVERIFY(bench.controller.plane().isWatched());
    bench.window->hide();
    QVERIFY(!bench.controller.plane().isWatched());
    const qint64 step = bench.history.liveStep();
    QVERIFY(bench.reached(step + 5));  // training goes on
    bench.window->show();
    QTRY_VERIFY(bench.controller.plane().isWatched());
  }

  void figuresOfPoints() {
    PlaneBench bench;
    QVERIFY(bench.learning(25));
    QTRY_VERIFY2(bench.window->health()->qualityWords().contains("accuracy on 240 held-out points"),
                 qPrintable(bench.window->health()->qualityWords()));
    QTRY_VERIFY(bench.window->header()->rateCounter()->figure().contains("points/s"));
    QTRY_VERIFY(bench.window->planePage()->charts()->loss()->figureText().toDouble() > 0);
  }

  void knobsOfTextAreNotShown() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    QVERIFY(bench.window->knobs()->row("data.points"));
    QVERIFY(!bench.window->knobs()->row("model.context"));
    QVERIFY(!bench.window->knobs()->row("data.task"));
    QVERIFY(bench.training(2, QStringLiteral("text-tiny")));
    QTRY_VERIFY(bench.window->knobs()->row("model.context"));
    QVERIFY(!bench.window->knobs()->row("data.points"));
  }

  void slowMotionByClicks() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    Segment* speed = bench.window->header()->speed();
    QVERIFY(speed->isVisible());
    QTest::mouseClick(speed, Qt::LeftButton, {}, QPoint(8, speed->height() / 2));
    QTRY_VERIFY(bench.controller.plane().stages());
    QVERIFY(bench.window->slowMotion()->isOn());
    QCOMPARE(bench.window->header()->runButton()->text(), QStringLiteral("Pause"));
    QTRY_VERIFY_WITH_TIMEOUT(bench.controller.plane().stage() >= 2, 4000);
    QTest::keyClick(bench.window.get(), Qt::Key_Space);
    QVERIFY(!bench.window->slowMotion()->isPlaying());
    const int stage = bench.controller.plane().stage();
    QTest::keyClick(bench.window.get(), Qt::Key_Period);
    QTRY_COMPARE(bench.controller.plane().stage(), stage + 1);
    bench.window->action("run.stepRouter")->trigger();
    QTRY_VERIFY(bench.controller.plane().stages()->only == "router");
    QTest::mouseClick(speed, Qt::LeftButton, {}, QPoint(speed->width() - 8, speed->height() / 2));
    QVERIFY(!bench.window->slowMotion()->isOn());
    QVERIFY(bench.state("running"));
  }

  void drawingIsTrainedOn() {
    PlaneBench bench;
    QVERIFY(bench.ready());
    NewRunDialog* dialog = bench.window->newRunDialog();
    dialog->setPreset("plane-spirals");
    dialog->show();
    QCOMPARE(dialog->task(), QStringLiteral("plane"));
    QVERIFY(dialog->drawButton()->isVisible());
    QVERIFY(!dialog->field("model.context")->isVisible());
    bool drawn = false;
    QTimer::singleShot(200, this, [&] {
      auto* draw = bench.window->findChild<DrawPointsDialog*>();
      if (!draw) return;
      DrawCanvas* canvas = draw->canvas();
      QVERIFY(!draw->trainButton()->isEnabled());
      for (int i = 0; i < 8; ++i)
        QTest::mouseClick(canvas, i % 2 ? Qt::RightButton : Qt::LeftButton, {}, QPoint(80 + 30 * i, 100 + 20 * i));
      QVERIFY2(draw->words().contains("At least 10"), qPrintable(draw->words()));
      canvas->setFocus();
      for (int i = 0; i < 4; ++i) {  // and by keyboard
        QTest::keyClick(canvas, Qt::Key_Right);
        QTest::keyClick(canvas, Qt::Key_Space);
      }
      QCOMPARE(draw->points().size(), std::size_t{12});
      drawn = draw->trainButton()->isEnabled();
      QTest::mouseClick(draw->trainButton(), Qt::LeftButton);
    });
    QTest::mouseClick(dialog->drawButton(), Qt::LeftButton);
    QVERIFY(drawn);
    QTRY_VERIFY(bench.history.hasRun() && bench.history.info().data.find("12 points") != std::string::npos);
    QVERIFY(bench.controller.plane().active());
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowPlane>(argc, argv); }
#include "tst_window_plane.moc"
