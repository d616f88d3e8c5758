// SPDX-License-Identifier: GPL-3.0-or-later
// The journey through the plane without a mouse: Welcome, canvas, probe, knob, Present and back. And every control on
// the way has a name for those who hear the window.
#include <QAccessible>
#include <QCheckBox>
#include <QLineEdit>

#include "tests/ui/window/plane_bench.h"
#include "ui/main_window_present.h"
#include "ui/main_window_tour.h"
#include "ui/main_window_welcome.h"
#include "ui/panels/coach_bubble.h"
#include "ui/panels/expert_thumbs_panel.h"
#include "ui/panels/probe_card.h"
#include "ui/widgets/buttons.h"

using namespace moe::ui;
using moe::test::PlaneBench;

namespace {

void press(int key, Qt::KeyboardModifiers modifiers = {}) {
  QWidget* focus = QApplication::focusWidget();
  QTest::keyClick(focus ? focus : QApplication::activeWindow(), Qt::Key(key), modifiers);
}

/// Tab until the focus is where it is wanted; false: it never comes there.
template <class Wanted>
bool tabTo(Wanted wanted) {
  for (int i = 0; i < 150; ++i) {
    if (QWidget* focus = QApplication::focusWidget(); focus && wanted(focus)) return true;
    press(Qt::Key_Tab);
  }
  return false;
}
bool tabTo(const char* name) {
  return tabTo([name](const QWidget* focus) { return focus->objectName() == QLatin1String(name); });
}

/// Controls that can be seen and reached, without a name; the line inside a spin box or combo speaks through its owner.
QStringList nameless(QWidget* window) {
  QStringList out;
  for (QWidget* widget : window->findChildren<QWidget*>()) {
    if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->inherits("QScrollArea")) continue;
    const QWidget* owner = widget->parentWidget();
    if (widget->inherits("QLineEdit") && owner && (owner->inherits("QAbstractSpinBox") || owner->inherits("QComboBox")))
      continue;
    QAccessibleInterface* spoken = QAccessible::queryAccessibleInterface(widget);
    if (!spoken || spoken->text(QAccessible::Name).trimmed().isEmpty())
      out << QStringLiteral("%1 %2 in %3")
                 .arg(QLatin1String(widget->metaObject()->className()), widget->objectName(),
                      owner ? owner->objectName() : QString());
  }
  return out;
}

}  // namespace

class TstWindowKeyboard : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void cleanup() { Theme::instance().setScale(1); }

  void theWholeJourney() {
    PlaneBench bench;
    QVERIFY(bench.ready());
    bench.window->activateWindow();
    bench.window->showWelcome({}, true);
    QTRY_VERIFY(bench.controller.plane().picture());
    // Welcome: the first tile has the focus; Return takes it.
    QTRY_VERIFY(QApplication::focusWidget() == bench.window->welcome()->tile(WelcomeTile::Plane));
    press(Qt::Key_Space);
    QTRY_COMPARE(QString::fromStdString(bench.history.info().preset), QStringLiteral("plane-spirals"));
    QVERIFY(!bench.window->welcome());
    QVERIFY(bench.reached(5));
    // Canvas: Space pauses, Tab finds the plane, arrows probe it.
    press(Qt::Key_Space);
    QVERIFY(bench.state("paused"));
    QTRY_VERIFY(bench.view()->isVisible());
    QVERIFY(tabTo("planeView"));
    for (int i = 0; i < 3; ++i) press(Qt::Key_Right, Qt::ShiftModifier);
    press(Qt::Key_Up, Qt::ShiftModifier);
    press(Qt::Key_Up);
    QTRY_VERIFY(bench.controller.plane().probe() && std::abs(bench.controller.plane().probe()->x - 0.6) < 1e-6);
    QTRY_VERIFY(std::abs(bench.controller.plane().probe()->y - 0.22) < 1e-6);
    QTRY_VERIFY(bench.window->probeCard()->verdict().contains("Class"));
    press(Qt::Key_Return);
    QCOMPARE(bench.selection.primary(), std::optional(ExpertRef{0, 0}));
    // A layer and a knob.
    QVERIFY(tabTo("planeNoise"));
    press(Qt::Key_Space);
    QVERIFY(bench.window->planePage()->canvas()->layerBox("noise")->isChecked());
    auto* line = bench.window->knobs()->row("router.noise")->findChild<QLineEdit*>();
    QVERIFY(tabTo([line](const QWidget* focus) { return focus == line; }));
    press(Qt::Key_A, Qt::ControlModifier);
    for (const int key : {Qt::Key_0, Qt::Key_Period, Qt::Key_4, Qt::Key_Return}) press(key);
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{1});
    QCOMPARE(QString::fromStdString(bench.history.edits().front().after), QStringLiteral("0.4"));
    // Present: F5 there, its knob by Tab, Escape back.
    press(Qt::Key_F5);
    QVERIFY(bench.window->isPresenting());
    auto* balance = bench.window->present()->knob("balance.coefficient")->findChild<QLineEdit*>();
    QVERIFY(tabTo([balance](const QWidget* focus) { return focus == balance; }));
    press(Qt::Key_A, Qt::ControlModifier);
    for (const int key : {Qt::Key_0, Qt::Key_Period, Qt::Key_1, Qt::Key_Return}) press(key);
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{2});
    QVERIFY(tabTo([&](const QWidget* focus) { return focus == bench.window->present()->runButton(); }));
    press(Qt::Key_Space);
    QVERIFY(bench.state("running"));
    press(Qt::Key_Escape);
    QVERIFY(!bench.window->isPresenting());
    QTRY_VERIFY(bench.view()->isVisible());
    press(Qt::Key_Space);
    QVERIFY(bench.state("paused"));
    // Where the journey ends the probe still stands, and Escape on the canvas takes it away.
    QVERIFY(bench.controller.plane().probePlace());
    QVERIFY(tabTo("planeView"));
    press(Qt::Key_Escape);
    QVERIFY(!bench.controller.plane().probePlace());
  }

  void theTourHasFiveStopsAndIsSkippable() {
    PlaneBench bench;
    QVERIFY(bench.ready());
    bench.window->resize(1366, 768);
    bench.window->showWelcome({}, true);
    QTRY_VERIFY(bench.controller.plane().picture());
    QVERIFY(tabTo("welcomeTour"));
    press(Qt::Key_Space);
    QTRY_VERIFY(bench.window->tour());
    QVERIFY(!bench.window->welcome());
    QCOMPARE(bench.window->tour()->stops(), TourBubble::kMostStops);
    QSet<QString> titles;
    for (int i = 0; i < TourBubble::kMostStops; ++i) {
      TourBubble* tour = bench.window->tour();
      QVERIFY(tour && tour->stop() == i && tour->target()->isVisible());
      titles << tour->title();
      QVERIFY2(bench.window->rect().contains(tour->geometry()), qPrintable(tour->title()));
      // It stands beside what it speaks of, not over it, unless that fills the window.
      const QRect target(tour->target()->mapTo(bench.window.get(), QPoint()), tour->target()->size());
      QVERIFY(!target.contains(tour->geometry().center()) || target.width() > 400);
      QCOMPARE(QApplication::focusWidget(), static_cast<QWidget*>(tour->nextButton()));
      press(Qt::Key_Space);
    }
    QVERIFY(!bench.window->tour());
    QCOMPARE(titles.size(), TourBubble::kMostStops);
    bench.window->action("help.tour")->trigger();
    QVERIFY(bench.window->tour());
    press(Qt::Key_Escape);
    QVERIFY(!bench.window->tour());
  }

  void everythingHasAName() {
    PlaneBench bench;
    QVERIFY(bench.ready());
    bench.window->showWelcome({}, true);
    QTRY_VERIFY(bench.controller.plane().picture());
    QVERIFY(bench.window->welcome()->letCoachSpeak());
    const auto all = [&](const char* where) {
      const QStringList without = nameless(bench.window.get());
      QVERIFY2(without.isEmpty(), qPrintable(QStringLiteral("%1: %2").arg(QLatin1String(where), without.join("; "))));
    };
    all("Welcome");
    press(Qt::Key_Escape);
    press(Qt::Key_Escape);
    QTRY_VERIFY(bench.view()->isVisible());
    bench.controller.plane().probeAt({0.3, 0.3});
    bench.selection.select(ExpertRef{0, 1});
    QTRY_VERIFY(bench.controller.plane().probe());
    all("canvas");
    bench.window->setPresent(true);
    QTest::qWait(100);
    all("Present");
    bench.window->setPresent(false);
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowKeyboard>(argc, argv); }
#include "tst_window_keyboard.moc"
