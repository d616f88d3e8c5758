// SPDX-License-Identifier: GPL-3.0-or-later
// What is measured on points, in the window over the scripted engine: right or wrong, worth of an expert, noise, pace,
// values; points of one's own from a file or drawn.
#include <QCheckBox>
#include <QDropEvent>
#include <QMimeData>
#include <QPushButton>
#include <QTemporaryDir>
#include <QUrl>

#include "tests/support/sample_plane.h"
#include "tests/ui/window/plane_bench.h"
#include "ui/bridge/slow_motion.h"
#include "ui/charts/plane_charts_panel.h"
#include "ui/dialogs/draw_points_dialog.h"
#include "ui/dialogs/new_run_dialog.h"
#include "ui/panels/expert_thumbs_panel.h"
#include "ui/panels/probe_card.h"
#include "ui/widgets/segment.h"

using namespace moe::ui;
using moe::test::PlaneBench;

class TstWindowMeasures : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }

  void theProbeSaysWhetherTheAnswerIsRight() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    ProbeCard* card = bench.window->probeCard();
    const auto probe = [&](double x, double y) { bench.controller.plane().probeAt({x, y}); };
    probe(0.1, 0.1);
    QTRY_COMPARE(card->truth(), QStringLiteral("right"));
    probe(0.99, 0.99);
    QTRY_VERIFY(card->truth().isEmpty());
    // A point whose nearest neighbour is of the other class: just inside the circle, a neighbour just outside.
    const auto points = bench.controller.plane().points();
    for (int i = 0; i < points->train.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double x = double(points->train.xy[2 * at]), y = double(points->train.xy[2 * at + 1]), r = std::hypot(x, y);
      if (points->train.label[at] != 1 || r > 0.61) continue;
      probe(x * 0.595 / r, y * 0.595 / r);
      QTRY_COMPARE(card->truth(), QStringLiteral("wrong"));
      return;
    }
    QFAIL("no such point");
  }

  void whatAnExpertIsWorth() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    bench.selection.select(ExpertRef{0, 2});
    QTRY_COMPARE(bench.window->probeCard()->without(),
                 QStringLiteral("without it: accuracy 85.0 %, with it 98.5 % on 240 held-out points"));
    const auto table = bench.window->planePage()->experts()->table();
    QCOMPARE(table.rows[2].back(), QStringLiteral("0.85"));
  }

  void noiseIsShownWhenThereIsSome() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    PlanePanel* panel = bench.window->planePage()->canvas();
    const auto legend = [&] { return panel->noiseWords(); };
    QCOMPARE(legend(), QString());
    bench.click(panel->layerBox("noise"));
    QTRY_COMPARE(legend(), QStringLiteral("the router adds no noise"));
    bench.type("router.noise", "0.4");
    QTRY_VERIFY2(legend().startsWith("grain: noise changes the choice, on "), qPrintable(legend()));
    bench.controller.plane().probeAt({0.02, 0.4});
    QTRY_COMPARE(bench.window->probeCard()->flips(),
                 QStringLiteral("Noise changes the first choice in 12 of 64 draws."));
    bench.click(panel->layerBox("noise"));
    QTRY_VERIFY(bench.controller.plane().picture()->flips.empty());
  }

  void watchIsAPace() {
    PlaneBench bench;
    QVERIFY(bench.learning());
    Segment* speed = bench.window->header()->speed();
    QCOMPARE(speed->current(), int{HeaderBar::kFull});
    QTest::mouseClick(speed, Qt::LeftButton, {}, QPoint(speed->width() / 2, speed->height() / 2));
    QCOMPARE(bench.controller.pace(), RunController::kWatchPace);
    QCOMPARE(speed->current(), int{HeaderBar::kWatch});
    QVERIFY(!bench.window->slowMotion()->isOn() && bench.controller.isRunning());
    QTest::mouseClick(speed, Qt::LeftButton, {}, QPoint(speed->width() - 8, speed->height() / 2));
    QCOMPARE(bench.controller.pace(), 0.0);
  }

  void valuesHaveR2() {
    PlaneBench bench;
    QVERIFY(bench.ready() && bench.training(25, QStringLiteral("plane-wave")));
    QTRY_COMPARE(bench.window->planePage()->charts()->quality()->spec().title, QStringLiteral("R²"));
    bench.controller.plane().probeAt({0.1, 0.1});
    QTRY_VERIFY(bench.controller.plane().probe());
    QTRY_VERIFY(bench.window->probeCard()->verdict().startsWith("Value"));
  }

  void aDroppedFileOfPointsOpensThePointsForm() {
    QTemporaryDir folder;
    const auto file = [&](const char* name, const char* text) {
      QFile out(folder.filePath(QLatin1String(name)));
      const bool written = out.open(QIODevice::WriteOnly) && out.write(text) > 0;
      return written ? out.fileName() : QString();
    };
    const QString points = file("points.csv", "x,y,label\n0.1,0.2,a\n0.3,0.4,b\n-1,2e-1,a\n");
    const QString text = file("words.csv", "name,age,town\nAnna,3,Rome\nOtto,5,Kiel\n");
    PlaneBench bench;
    QVERIFY(bench.ready());
    for (const auto& [path, task] : {std::pair{points, "plane"}, std::pair{text, "text"}}) {
      QMimeData data;
      data.setUrls({QUrl::fromLocalFile(path)});
      QDragEnterEvent enter(QPoint(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
      QApplication::sendEvent(bench.window.get(), &enter);
      QVERIFY(enter.isAccepted());
      QDropEvent drop(QPointF(400, 300), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
      QApplication::sendEvent(bench.window.get(), &drop);
      auto* dialog = bench.window->findChild<NewRunDialog*>();
      QVERIFY(dialog);
      QCOMPARE(dialog->task(), QLatin1String(task));
      QCOMPARE(QString::fromStdString(dialog->request().settings.value("data.path", std::string())), path);
      delete dialog;
    }
  }

  void aDrawingHasUpToEightClasses() {
    DrawPointsDialog draw;
    draw.show();
    DrawCanvas* canvas = draw.canvas();
    canvas->setFocus();
    for (int c = 0; c < 8; ++c) {
      QTest::keyClick(canvas, Qt::Key(Qt::Key_1 + c));
      QCOMPARE(draw.classes()->current(), c);
      for (int i = 0; i < 2; ++i) {
        QTest::keyClick(canvas, Qt::Key_Right);
        QTest::keyClick(canvas, Qt::Key_Space);
      }
    }
    QVERIFY(draw.trainButton()->isEnabled());
    const auto points = draw.points();
    QCOMPARE(points.size(), std::size_t{16});
    QCOMPARE(points[15][2].get<std::string>(), std::string("H"));
    QVERIFY2(draw.words().contains("2 of class H"), qPrintable(draw.words()));
    // The right button sets the class chosen before.
    QTest::mouseClick(canvas, Qt::RightButton, {}, canvas->rect().center());
    QCOMPARE(draw.points()[16][2].get<std::string>(), std::string("G"));
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowMeasures>(argc, argv); }
#include "tst_window_measures.moc"
