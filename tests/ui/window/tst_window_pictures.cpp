// SPDX-License-Identifier: GPL-3.0-or-later
// The whole window against committed pictures: canvas, Welcome and Present, at a laptop's and a desktop's size, in both
// themes, over the scripted engine, which stands at a step where every figure is known.
// MOE_UPDATE_BASELINES=1 writes the pictures anew; MOE_PICTURES=folder keeps what was painted, and what differs.
#include <QCheckBox>
#include <QFileInfo>
#include <QFontInfo>
#include <QPainter>

#include "tests/support/picture_check.h"
#include "tests/support/sample_plane.h"
#include "tests/support/sample_run.h"
#include "tests/ui/window/window_bench.h"
#include "ui/main_window_plane.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/plane_panel.h"

using namespace moe::ui;

namespace {

constexpr double kShare = 0.001, kWorst = 0.04;  // of all pixels, and of the square that differs most
constexpr qint64 kMostBytes = 190'000;
constexpr qint64 kStep = 120;

QString folder() {
  return qEnvironmentVariable("MOE_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/tests/ui/window/baselines");
}

bool passes(const moe::test::Difference& difference) {
  return difference.share <= kShare && difference.worst <= kWorst;
}

/// Tiles of a made-up engine: eight experts that collapse and come back.
TilePictures tiles() {
  TilePictures out;
  out.plane = std::make_shared<const moe::protocol::PlanePicture>(moe::test::samplePlanePicture(1500, 96, 0));
  for (int row = 0; row < 40; ++row) {
    std::vector<double> ratios;
    for (int e = 0; e < 8; ++e)
      ratios.push_back(row < 16 ? (e < 2 ? 4 : 0) : row < 16 + 2 * e && e >= 2 ? 0 : 0.7 + 0.1 * ((row + 3 * e) % 7));
    out.collapse.push_back(std::move(ratios));
  }
  out.repaired = 0.4;
  const QString text = QStringLiteral(
      "O gentle flame, we shall be free!\nNo wave falls within the bright drone,\nThough sleeps the child.\n");
  out.text = std::make_shared<const moe::protocol::Trace>(
      moe::test::sampleTrace({2, 4, 100}, text, QStringLiteral("verse"), 1));
  return out;
}

struct Bench : moe::test::WindowBench {
  explicit Bench(QSize size) : WindowBench("stop_at=120") { window->resize(size); }
  bool stands(const char* preset) {
    return ready() && training(kStep, QLatin1String(preset)) && state("paused") && pictured();
  }
  bool pictured() {
    const auto there = [this] {
      const auto picture = controller.plane().picture();
      return controller.plane().points() && picture && picture->still && picture->step == kStep;
    };
    return QTest::qWaitFor(there, 15'000);
  }
  bool probed(QPointF place) {
    controller.plane().probeAt(place);
    return QTest::qWaitFor([&] { return controller.plane().probe() && controller.plane().probe()->step == kStep; });
  }
  /// Charts and cards follow at their own rates: the picture is taken when two in a row are the same.
  QImage settled() {
    QImage last;
    for (int i = 0; i < 40; ++i) {
      if (QWidget* focused = QApplication::focusWidget())
        focused->clearFocus();  // a ring where the window system put the focus is no news
      QTest::qWait(250);
      const QImage now = window->grab().toImage();
      if (now == last) return now;
      last = now;
    }
    return last;
  }
};

/// Empty and a warning, which fails the test, when something does not come.
QImage failed(const char* what) {
  qWarning("%s", what);
  return {};
}

QImage welcome(Bench& bench) {
  if (!bench.ready()) return failed("no engine");
  bench.window->showWelcome({}, true);
  if (!bench.reached(kStep) || !bench.state("paused")) return failed("the run behind the tiles does not stand");
  if (!bench.pictured()) return failed("no picture of the plane");
  WelcomePage* page = bench.window->welcome();
  const TilePictures pictures = tiles();
  for (const auto kind : {WelcomeTile::Plane, WelcomeTile::Collapse, WelcomeTile::Language})
    page->tile(kind)->setPictures(pictures);
  if (!page->letCoachSpeak()) return failed("the coach has nothing to say");
  return bench.settled();
}

bool noisy(Bench& bench) {
  bench.type("router.noise", "0.4");
  bench.window->planePage()->canvas()->layerBox("noise")->setChecked(true);
  PlaneHistory& plane = bench.controller.plane();
  if (!QTest::qWaitFor([&] { return !plane.picture()->flips.empty(); })) return false;
  plane.probeAt({0.02, 0.41});
  return QTest::qWaitFor([&] { return plane.probe()->flip_draws > 0; });
}

QImage take(const QString& scene, QSize size) {
  Bench bench(size);
  if (scene == QLatin1String("welcome")) return welcome(bench);
  const bool values = scene == QLatin1String("wave"), present = scene == QLatin1String("present");
  if (!bench.stands(values ? "plane-wave" : "plane-spirals")) return failed("the run does not stand");
  bench.selection.select(ExpertRef{0, 1});
  if (scene != QLatin1String("canvas") && !bench.probed({0.32, 0.41})) return failed("nothing was probed");
  if (scene == QLatin1String("noise") && !noisy(bench)) return failed("no noise was drawn");
  bench.window->setPresent(present);
  const QImage out = bench.settled();
  bench.window->setPresent(false);
  return out;
}

}  // namespace

class TstWindowPictures : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().setReducedMotion(true); }  // axes stand where they belong at once
  void init() { moe::test::warningsAreFailures(); }
  void cleanup() {
    Theme::instance().setScale(1);
    Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), Theme::Light);
  }

  void picture_data() {
    QTest::addColumn<QString>("scene");
    QTest::addColumn<QSize>("size");
    QTest::addColumn<bool>("dark");
    for (const QString scene : {"canvas", "probe", "noise", "wave", "welcome", "present"})
      for (const QSize size : {QSize(1366, 768), QSize(1920, 1080)})
        for (const bool dark : {false, true}) {
          // The noise layer is small beside the rest: one picture tells it.
          if (scene == QLatin1String("noise") && (dark || size.width() != 1366)) continue;
          const QString name = QStringLiteral("%1-%2-%3").arg(scene, dark ? "dark" : "light").arg(size.width());
          QTest::newRow(qPrintable(name)) << scene << size << dark;
        }
  }

  void picture() {
    QFETCH(QString, scene);
    QFETCH(QSize, size);
    QFETCH(bool, dark);
    Theme::instance().apply(*static_cast<QApplication*>(QApplication::instance()), dark ? Theme::Dark : Theme::Light);
    const QImage seen = take(scene, size);
    QCOMPARE(seen.size(), size);
    const QString name = QString::fromLatin1(QTest::currentDataTag());
    const QDir keep(qEnvironmentVariable("MOE_PICTURES", QStringLiteral("window_pictures")));
    const auto save = [&](const QImage& image, const QString& as) {
      return QDir().mkpath(keep.path()) && image.save(keep.filePath(as));
    };
    if (qEnvironmentVariableIsSet("MOE_PICTURES")) QVERIFY(save(seen, name + ".png"));
    if (!qFuzzyCompare(seen.devicePixelRatio(), 1.0)) QSKIP("pictures are compared at 100 %");
    if (QFontInfo(Theme::instance().font(Type::caption12)).family() != QStringLiteral("MoE Sans"))
      QSKIP("pictures are compared with the embedded font, which this build lacks");
    // Present is light whatever the theme was: both are compared with one picture.
    const QString file = QDir(folder()).filePath(QString(name).replace("present-dark", "present-light") + ".png");
    const QImage painted = moe::test::coarse(seen);
    if (qEnvironmentVariableIntValue("MOE_UPDATE_BASELINES") == 1) {
      QVERIFY(QDir().mkpath(folder()));
      QVERIFY(moe::test::indexed(painted).save(file, "PNG", 0));
      QVERIFY2(QFileInfo(file).size() < kMostBytes, qPrintable(QString::number(QFileInfo(file).size())));
      return;
    }
    const QImage baseline = QImage(file).convertToFormat(QImage::Format_RGB32);
    QVERIFY2(!baseline.isNull(), qPrintable(file));
    const auto difference = moe::test::compare(painted, baseline);
    if (!passes(difference)) {
      save(seen, name + "-seen.png");
      save(difference.picture, name + "-differs.png");
    }
    QVERIFY2(passes(difference),
             qPrintable(QStringLiteral("%1 % of the pixels differ, most of them near %2, %3; see %4")
                            .arg(100 * difference.share, 0, 'f', 3)
                            .arg(difference.where.x())
                            .arg(difference.where.y())
                            .arg(keep.absoluteFilePath(name + "-differs.png"))));
    QVERIFY2(!passes(moe::test::compare(changed(painted), baseline)), "a changed region was not seen");
  }

 private:
  /// A square of ten pixels, as small as a mark, in colours that are not there.
  static QImage changed(QImage image) {
    for (int y = 0; y < 10; ++y)
      for (int x = 0; x < 10; ++x) {
        const QPoint at(moe::test::kSquare * 20 + 7 + x, moe::test::kSquare * 15 + 7 + y);
        image.setPixel(at, image.pixel(at) ^ 0x808080);
      }
    return image;
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowPictures>(argc, argv); }
#include "tst_window_pictures.moc"
