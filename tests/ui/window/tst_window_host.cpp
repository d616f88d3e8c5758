// SPDX-License-Identifier: GPL-3.0-or-later
// The studio that owns run and window: the window is made anew while it lives, and its end starts nothing.
#include <QComboBox>
#include <QPointer>
#include <csignal>

#include "tests/support/studio_fixture.h"
#include "ui/bridge/slow_motion.h"
#include "ui/dialogs/preferences_dialog.h"
#include "ui/main_window_host.h"
#include "ui/widgets/banner_bar.h"

using namespace moe::ui;

namespace {

std::unique_ptr<Studio> studio(const char* script, const QString& preset = {}) {
  qputenv("MOE_FAKE", script);
  StudioOptions options;
  options.preset = preset;
  options.engine = moe::test::fakeEngine();
  return std::make_unique<Studio>(options);
}

}  // namespace

class TstWindowHost : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { QVERIFY(folder_.isValid()); }
  // The last run is a folder that exists, whatever the test before remembered.
  void init() {
    moe::test::warningsAreFailures();
    const std::unique_ptr<QSettings> settings(openSettings(nullptr));
    settings->setValue("welcome/show", false);
    settings->setValue("recent", QStringList{folder_.path()});
  }
  void cleanup() { Theme::instance().setScale(1); }

  void scaleChosenInPreferencesMakesTheWindowAnew() {
    const auto host = studio("");
    host->start();
    QTRY_VERIFY(host->controller().ready());
    const QPointer<MainWindow> before = host->window();
    bool chosen = false;
    const auto choose = [&] {
      auto* dialog = before->findChild<PreferencesDialog*>();
      for (QComboBox* box : dialog->findChildren<QComboBox*>()) {
        const int large = box->findData(125);
        if (large < 0) continue;
        box->setCurrentIndex(large);
        chosen = true;
        emit box->activated(large);
        QApplication::processEvents();  // without GLib, Qt delivers what is queued before the dialog's loop ends
      }
    };
    QMetaObject::invokeMethod(before, choose, Qt::QueuedConnection);
    before->action("edit.preferences")->trigger();  // comes back when the dialog is closed
    QVERIFY(chosen);
    QTRY_VERIFY(!before && host->window() && host->window()->isVisible());
    QCOMPARE(Theme::instance().scale(), 1.25);
    QVERIFY(host->controller().ready());  // the run is not of the window
    host->window()->close();
  }

  void slowMotionEndsWithItsWindow() {
    const auto host = studio("", QStringLiteral("plane-spirals"));
    host->start();
    RunController& controller = host->controller();
    const auto makeAnew = [&] {
      const QPointer<MainWindow> before = host->window();
      emit before->remakeWanted();
      return QTest::qWaitFor([&] { return !before; });
    };
    QTRY_VERIFY(controller.canRun() && controller.plane().active());
    host->window()->slowMotion()->setOn(true);
    QTRY_VERIFY(controller.plane().stages());
    QVERIFY(makeAnew());
    QVERIFY(!controller.plane().stages());  // the new window is not in slow motion
    // An answer that is on its way finds the window gone.
    ::kill(static_cast<pid_t>(controller.engine().pid()), SIGSTOP);
    host->window()->slowMotion()->setOn(true);
    QVERIFY(makeAnew());
    controller.engine().wake();
    QTRY_VERIFY(!controller.engine().owesReply());
    QVERIFY(!controller.plane().stages());
  }

  void closedWhileTheLastRunOpensStartsNothing() {
    const auto host = studio("silent_open");
    host->start();
    QTRY_VERIFY(host->controller().isBusyOpening());
    QVERIFY(host->window()->close());
    QVERIFY(!host->controller().engine().isRunning());
    QTest::qWait(300);
    QVERIFY(!host->controller().engine().isRunning());
  }

  void endedWhileTheLastRunOpensIsQuiet() {  // without a window that was closed first
    auto host = studio("silent_open");
    host->start();
    QTRY_VERIFY(host->controller().isBusyOpening());
    host.reset();
  }

  void engineThatDiesOverTheLastRunHasOneBanner() {
    const auto host = studio("silent_open");
    host->start();
    QTRY_VERIFY(host->controller().isBusyOpening());
    const BannerBar* banners = host->window()->banners();
    ::kill(static_cast<pid_t>(host->controller().engine().pid()), SIGKILL);
    QTRY_COMPARE(banners->count("engine"), 1);
    QTest::qWait(300);
    QCOMPARE(banners->count("run"), 0);
    QVERIFY(!host->controller().engine().isRunning());  // started again by the banner's button
  }

 private:
  QTemporaryDir folder_;
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowHost>(argc, argv); }
#include "tst_window_host.moc"
