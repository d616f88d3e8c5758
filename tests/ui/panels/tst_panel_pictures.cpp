// SPDX-License-Identifier: GPL-3.0-or-later
// Every panel in both themes against a committed picture. MOE_UPDATE_BASELINES=1 writes the pictures anew;
// MOE_PICTURES=folder keeps what was painted, and what differs.
#include <QDir>
#include <QFileInfo>
#include <QFontDatabase>
#include <QFontInfo>
#include <QImage>
#include <QTest>

#include "tests/support/picture_check.h"
#include "tests/support/sample_run.h"
#include "tests/ui/panels/picture_scenes.h"
#include "ui/bridge/hello.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

namespace {

constexpr double kPixels = 0.004;  // share of pixels that may differ
constexpr qint64 kMostBytes = 60'000;

QString folder() {
  return qEnvironmentVariable("MOE_SOURCE_DIR", QStringLiteral(".")) + QStringLiteral("/tests/ui/panels/baselines");
}

}  // namespace

class TestPanelPictures : public QObject {
  Q_OBJECT
  RunHistory full_, empty_, grown_;

  /// Twelve experts, then two more, then a capacity of 1.25 times the fair share.
  void fillGrown() {
    moe::test::SampleShape shape{4, 12, 1'200};
    grown_.setKnobs(moe::test::sampleKnobs());
    grown_.reset(moe::test::sampleInfo(shape));
    std::vector<StepRecord> reports;
    for (qint64 step = 1; step <= shape.steps; ++step) {
      shape.experts = step <= 500 ? 12 : step <= 600 ? 13 : 14;
      const auto report = moe::test::sampleStep(shape, step);
      reports.push_back(step > 800 ? moe::test::withCapacity(report, 1.25) : report);
    }
    grown_.addMany(std::move(reports));
    grown_.add(moe::protocol::EditEvent{500, "model.experts", "12", "13", {}});
    grown_.add(moe::protocol::EditEvent{600, "model.experts", "13", "14", {}});
    grown_.add(moe::protocol::EditEvent{700, "experts.revive", "", "L2E4", {}});
    grown_.add(moe::protocol::EditEvent{800, "capacity.factor", "0.0", "1.25", {}});
    grown_.setState("paused", 2'000);
    grown_.setWindowSteps(4);
    grown_.flush();
  }

 private slots:
  void initTestCase() {
    Theme::instance().apply(*qApp, Theme::Light);
    moe::test::fillSampleRun(full_);
    full_.setWindowSteps(4);
    full_.setState("paused", 4'800);
    full_.flush();
    empty_.reset(moe::test::sampleInfo());
    empty_.flush();
    fillGrown();
  }

  void picture_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<bool>("wide");
    QTest::addColumn<int>("scene");
    for (const bool wide : {false, true}) {
      const auto scenes = moe::test::pictureScenes(wide);
      for (std::size_t i = 0; i < scenes.size(); ++i) {
        for (const bool dark : {false, true}) {
          const QString name = QStringLiteral("%1-%2%3").arg(QString::fromStdString(scenes[i].name),
                                                             dark ? "dark" : "light", wide ? "-1920" : "");
          QTest::newRow(qPrintable(name)) << dark << wide << static_cast<int>(i);
        }
      }
    }
  }

  void picture() {
    QFETCH(bool, dark);
    QFETCH(bool, wide);
    QFETCH(int, scene);
    Theme::instance().apply(*qApp, dark ? Theme::Dark : Theme::Light);
    const auto scenes = moe::test::pictureScenes(wide);
    const auto& made = scenes[static_cast<std::size_t>(scene)];
    Selection selection;
    moe::test::selectForPicture(selection);
    using Scene = moe::test::PictureScene;
    RunHistory& history = made.run == Scene::empty ? empty_ : made.run == Scene::grown ? grown_ : full_;
    const auto widget = made.make(history, selection);
    widget->resize(made.size);
    widget->show();
    QVERIFY(QTest::qWaitForWindowExposed(widget.get()));
    qApp->processEvents();
    if (QWidget* focused = qApp->focusWidget())
      focused->clearFocus();  // a ring where the window system put the focus is no news
    const QImage seen = widget->grab().toImage().convertToFormat(QImage::Format_RGB32),
                 painted = moe::test::coarse(seen);
    const QString name = QString::fromLatin1(QTest::currentDataTag()) + QStringLiteral(".png");
    if (const QString keep = qEnvironmentVariable("MOE_PICTURES"); !keep.isEmpty()) {
      QVERIFY(QDir().mkpath(keep));
      QVERIFY(seen.save(QDir(keep).filePath(name)));
    }
    const QString file = QDir(folder()).filePath(name);
    if (!qFuzzyCompare(seen.devicePixelRatio(), 1.0)) QSKIP("pictures are compared at 100 %");
    if (wide) return;  // the laptop's sizes are the committed ones; the others are painted to be looked at
    if (QFontInfo(Theme::instance().font(Type::caption12)).family() != QStringLiteral("MoE Sans"))
      QSKIP("pictures are compared with the embedded font, which this build lacks");
    if (qEnvironmentVariableIntValue("MOE_UPDATE_BASELINES") == 1) {
      QVERIFY(QDir().mkpath(folder()));
      QVERIFY(painted.save(file, "PNG", 0));
      QVERIFY2(QFileInfo(file).size() < kMostBytes, qPrintable(QStringLiteral("%1 bytes").arg(QFileInfo(file).size())));
      return;
    }
    const QImage baseline = QImage(file).convertToFormat(QImage::Format_RGB32);
    QVERIFY2(!baseline.isNull(), qPrintable(file));
    const double differs = moe::test::compare(painted, baseline).share;
    QVERIFY2(differs <= kPixels, qPrintable(QStringLiteral("%1 % of the pixels differ").arg(100 * differs, 0, 'f', 2)));
  }
};

QTEST_MAIN(TestPanelPictures)
#include "tst_panel_pictures.moc"
