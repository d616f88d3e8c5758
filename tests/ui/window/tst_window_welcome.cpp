// SPDX-License-Identifier: GPL-3.0-or-later
// Welcome, Present and set-ups over the scripted engine, at both sizes and in both themes.
#include <QCheckBox>
#include <QDockWidget>
#include <QSettings>

#include "tests/ui/window/window_bench.h"
#include "ui/bridge/setup_file.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_present.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/colour_bar.h"
#include "ui/panels/plane_panel.h"
#include "ui/panels/routing_map_view.h"
#include "ui/widgets/timeline.h"

using namespace moe::ui;

namespace {

struct Bench : moe::test::WindowBench {
  explicit Bench(bool remember = false) : WindowBench("", remember) {}
  bool welcomed() {
    if (!ready()) return false;
    window->showWelcome({}, true);
    window->welcome()->setCoachMs(100);
    return QTest::qWaitFor([&] { return controller.plane().picture() != nullptr; }, 15'000);
  }
  QDockWidget* dock(const char* name) { return window->findChild<QDockWidget*>(name); }
};

/// How many different colours a picture has on a coarse grid.
int colours(const QImage& image, const QRect& box) {
  QSet<QRgb> seen;
  for (int y = box.top(); y < box.bottom(); y += 5)
    for (int x = box.left(); x < box.right(); x += 5) seen << image.pixel(x, y);
  return static_cast<int>(seen.size());
}

}  // namespace

class TstWindowWelcome : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void cleanup() {
    Theme::instance().setScale(1);
    Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), Theme::Light);
  }

  void aPlaneLearnsBehindTheTilesAndTheCoachSpeaks() {
    Bench bench;
    QVERIFY(bench.welcomed());
    WelcomePage* welcome = bench.window->welcome();
    QVERIFY(welcome->isVisible() && welcome->view()->isVisible());
    QVERIFY(bench.dock("leftDock")->isHidden() && bench.dock("footDock")->isHidden());
    QCOMPARE(QString::fromStdString(bench.history.info().preset), QStringLiteral("plane-blobs"));
    QTRY_VERIFY(welcome->coach()->isVisible());
    QCOMPARE(welcome->coach()->evidence(), QStringLiteral("Expert 1 takes 40 % of the points."));
    QVERIFY(welcome->coach()->knob());
    const QSize first = welcome->coach()->size();
    QVERIFY(welcome->letCoachSpeak());  // again, while it is open
    QCOMPARE(welcome->coach()->size(), first);
    QVERIFY(welcome->coach()->height() >= welcome->coach()->minimumSizeHint().height());
    // The knob in the bubble is the knob of the run.
    auto* line = welcome->coach()->knob()->findChild<QLineEdit*>();
    line->setFocus();
    line->selectAll();
    QTest::keyClicks(line, "0.03");
    QTest::keyClick(line, Qt::Key_Return);
    QTRY_VERIFY(!bench.history.edits().empty());
    QCOMPARE(QString::fromStdString(bench.history.edits().back().key), QStringLiteral("balance.coefficient"));
    // Escape: first the bubble, then the Welcome; the run goes on.
    QTest::keyClick(welcome, Qt::Key_Escape);
    QVERIFY(!welcome->coach()->isVisible());
    QTest::keyClick(welcome, Qt::Key_Escape);
    QVERIFY(!bench.window->welcome());
    QVERIFY(!bench.dock("leftDock")->isHidden() && !bench.dock("footDock")->isHidden());
    QVERIFY(bench.controller.isRunning());
    QTRY_VERIFY(bench.window->planePage()->isVisible());
  }

  void showAtStartIsRemembered() {
    Bench bench(true);
    QVERIFY(MainWindow::wantsWelcome());
    QVERIFY(bench.welcomed());
    QTest::mouseClick(bench.window->welcome()->showAtStart(), Qt::LeftButton, {}, QPoint(8, 8));
    QVERIFY(!MainWindow::wantsWelcome());
    QTest::mouseClick(bench.window->welcome()->showAtStart(), Qt::LeftButton, {}, QPoint(8, 8));
    QVERIFY(MainWindow::wantsWelcome());
  }

  void reducedMotionPlaysNothing() {
    Bench bench;
    QVERIFY(bench.ready());
    bench.window->showWelcome({}, false);
    QTRY_VERIFY(bench.history.hasRun());
    QTest::qWait(300);
    QVERIFY(!bench.controller.isRunning());
    QCOMPARE(bench.history.liveStep(), 0);
  }

  void tilesStartTheirPresets() {
    Bench bench;
    QVERIFY(bench.welcomed());
    bench.click(bench.window->welcome()->tile(WelcomeTile::Collapse));
    QTRY_COMPARE(QString::fromStdString(bench.history.info().preset), QStringLiteral("plane-collapse"));
    QVERIFY(!bench.window->welcome());
    QVERIFY(bench.reached(3));
    QCOMPARE(bench.controller.pace(), RunController::kWatchPace);  // at full speed it is over before one has looked
  }

  void keyboardChoosesATile() {
    Bench bench;
    QVERIFY(bench.welcomed());
    QCOMPARE(QApplication::focusWidget(), static_cast<QWidget*>(bench.window->welcome()->tile(WelcomeTile::Plane)));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Tab);
    QCOMPARE(QApplication::focusWidget(), static_cast<QWidget*>(bench.window->welcome()->tile(WelcomeTile::Language)));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Space);
    QTRY_COMPARE(QString::fromStdString(bench.history.info().preset), QStringLiteral("text-tiny"));
  }

  void sizesAndThemes_data() {
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    for (const QSize size : {QSize(1366, 768), QSize(1920, 1080)})
      for (const bool dark : {false, true})
        QTest::addRow("%dx%d %s", size.width(), size.height(), dark ? "dark" : "light") << size << dark;
  }
  void sizesAndThemes() {
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), dark ? Theme::Dark : Theme::Light);
    Bench bench;
    bench.window->resize(size);
    QVERIFY(bench.welcomed());
    QTRY_VERIFY(bench.window->welcome()->coach()->isVisible());
    const auto keep = [&](const char* name) {
      const QImage image = bench.window->grab().toImage();
      if (const QString folder = qEnvironmentVariable("MOE_KEEP_PICTURES"); !folder.isEmpty())
        image.save(QStringLiteral("%1/%2-%3-%4.png").arg(folder, name, dark ? "dark" : "light").arg(size.width()));
      return image;
    };
    // Welcome: the sheet and the bubble are inside and do not touch.
    QImage image = keep("welcome");
    QCOMPARE(image.size(), size);
    const auto inWindow = [&](QWidget* part) { return QRect(part->mapTo(bench.window.get(), QPoint()), part->size()); };
    const QRect sheet = inWindow(bench.window->welcome()->findChild<QWidget*>("welcomeSheet"));
    const QRect coach = inWindow(bench.window->welcome()->coach());
    QVERIFY(QRect(QPoint(), size).contains(sheet) && QRect(QPoint(), size).contains(coach));
    QVERIFY(!sheet.intersects(coach));
    QVERIFY(colours(image, QRect(sheet.right() + 5, 60, size.width() - sheet.right() - 10, 300)) > 30);
    // Canvas: a square of at least 500 pixels at the left of the experts.
    QTest::keyClick(bench.window->welcome(), Qt::Key_Escape);
    QTest::keyClick(bench.window->welcome(), Qt::Key_Escape);
    PlaneView* view = bench.window->planePage()->canvas()->view();
    QTRY_VERIFY(view->isVisible());
    QTest::qWait(300);
    image = keep("canvas");
    QCOMPARE(view->area().width(), view->area().height());
    QVERIFY2(view->area().width() >= (size.width() > 1500 ? 780 : 500),
             qPrintable(QString::number(view->area().width())));
    QVERIFY(colours(image, inWindow(view)) > 30);
    const double ground = image.pixelColor(size.width() / 2, 3).lightnessF();
    QVERIFY(dark ? ground < 0.2 : ground > 0.9);
    // Present: light whatever the theme was, the counter is large, nothing of the frame is left.
    QTest::keyClick(bench.window.get(), Qt::Key_F5);
    QVERIFY(bench.window->isPresenting());
    QTest::qWait(400);
    image = keep("present");
    QVERIFY(image.pixelColor(4, size.height() / 2).lightnessF() > 0.9);
    QVERIFY(!bench.window->header()->isVisible() && bench.dock("footDock")->isHidden());
    auto* counter = bench.window->present()->findChild<QWidget*>("presentCounter");
    QVERIFY2(counter->font().pixelSize() >= size.height() / 20,
             qPrintable(QString::number(counter->font().pixelSize())));
    QTest::keyClick(bench.window->present(), Qt::Key_Escape);
    QVERIFY(!bench.window->isPresenting());
    QCOMPARE(Theme::instance().dark(), dark);
    QCOMPARE(Theme::instance().scale(), 1.0);
    QVERIFY(bench.window->header()->isVisible() && !bench.dock("leftDock")->isHidden());
  }

  void presentTurnsKnobsAndRuns() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(5, QStringLiteral("plane-spirals")));
    bench.window->setControls({"router.noise"});
    bench.window->action("view.present")->trigger();
    PresentPage* page = bench.window->present();
    QVERIFY(page && page->knob("router.noise") && !page->knob("balance.coefficient"));
    auto* line = page->knob("router.noise")->findChild<QLineEdit*>();
    line->setFocus();
    line->selectAll();
    QTest::keyClicks(line, "0.4");
    QTest::keyClick(line, Qt::Key_Return);
    QTRY_VERIFY(page->knob("router.noise")->note().contains("0.4"));
    bench.click(page->runButton());
    QVERIFY(bench.state("paused"));
    QTRY_COMPARE(page->counter(), formatCount(bench.history.liveStep()));
    QTRY_VERIFY2(page->headline().contains("points"), qPrintable(page->headline()));
    bench.window->action("view.present")->trigger();
    QVERIFY(!bench.window->isPresenting());
  }

  void aRunOfTextPresentsItsMap() {
    Bench bench;
    QVERIFY(bench.ready() && bench.training(5, QStringLiteral("text-tiny")));
    bench.window->setPresent(true);
    QVERIFY(bench.window->isPresenting());
    QTest::qWait(300);
    QVERIFY(colours(bench.window->grab().toImage(), QRect(40, 200, 600, 400)) > 8);
    PresentPage* page = bench.window->present();
    QTRY_VERIFY2(page->headline().contains("fair share") || page->headline().contains("tokens"),
                 qPrintable(page->headline()));
    // Two layers of four: their rows grow, the scale stands under them, the run's history below.
    auto* map = page->findChild<RoutingMapView*>();
    auto* scale = page->findChild<ColourBar*>();
    auto* timeline = page->findChild<TimelineView*>();
    QVERIFY(map && scale && scale->isVisible() && timeline && timeline->isVisible());
    const QRectF cell = map->cell(0, 0);
    QVERIFY2(cell.height() > 0.6 * cell.width(), qPrintable(QString::number(cell.height())));
    const double bottom = map->mapTo(page, map->cell(map->layers() - 1, 0).bottomLeft().toPoint()).y();
    const double top = scale->mapTo(page, QPoint()).y();
    QVERIFY2(top >= bottom && top - bottom < 40, qPrintable(QString::number(top - bottom)));
    // A look back is shown here, too.
    QTest::mouseClick(timeline, Qt::LeftButton, {}, QPoint(static_cast<int>(timeline->xOf(2)), timeline->height() / 2));
    QTRY_COMPARE(page->counter(), QStringLiteral("2"));
    bench.window->setPresent(false);
  }

  void aSetupIsSavedAndOpened() {
    QTemporaryDir folder;
    const QString file = folder.filePath("lesson.moesetup");
    Bench bench;
    QVERIFY(bench.ready() && bench.training(3, QStringLiteral("plane-spirals")));
    bench.type("router.noise", "0.25");
    QTRY_VERIFY(!bench.history.edits().empty());
    bench.window->setControls({"router.noise", "balance.coefficient"});
    QVERIFY(bench.window->knobs()->row("router.noise") && !bench.window->knobs()->row("optim.lr"));
    QVERIFY(bench.window->saveSetupTo(file));
    bench.window->setControls({});
    QVERIFY(bench.window->knobs()->row("optim.lr"));
    bench.window->openSetup(file);
    QTRY_VERIFY(bench.history.hasRun() && bench.history.edits().empty());
    QTRY_COMPARE(numberOf(bench.history.info().config["router.noise"]), 0.25);
    QVERIFY(!bench.window->knobs()->row("optim.lr"));
    bench.click(bench.window->findChild<QWidget*>("showAllKnobs"));
    QTRY_VERIFY(bench.window->knobs()->row("optim.lr"));
    bench.window->openSetup("/nowhere/x.moesetup");
    QTRY_VERIFY(bench.window->banners()->isVisible());
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowWelcome>(argc, argv); }
#include "tst_window_welcome.moc"
