// SPDX-License-Identifier: GPL-3.0-or-later
// The window driven by clicks and keys over the scripted engine.
#include <QAccessible>
#include <QDialog>
#include <QDockWidget>
#include <QListWidget>
#include <QMenu>
#include <QMenuBar>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QSettings>
#include <QTableView>

#include "tests/ui/window/window_bench.h"
#include "ui/dialogs/locator.h"
#include "ui/dialogs/shortcuts_dialog.h"
#include "ui/dialogs/table_dialog.h"
#include "ui/main_window_empty.h"
#include "ui/main_window_inspect.h"
#include "ui/main_window_train.h"
#include "ui/panels/model_sheet_panel.h"
#include "ui/panels/token_path_panel.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/knob_slider.h"
#include "ui/widgets/panel.h"
#include "ui/widgets/timeline.h"
#include "ui/widgets/transport.h"

using namespace moe::ui;
using moe::test::WindowBench;

class TstWindow : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void withoutARunItSaysWhatToDo() {
    WindowBench bench;
    QVERIFY(bench.ready());
    QCOMPARE(bench.window->emptyPage()->headline(), QStringLiteral("No run is open"));
    QVERIFY(!bench.window->header()->runButton()->isEnabled());
    QVERIFY(bench.window->header()->runButton()->toolTip().contains("No run is open"));
  }

  void theModelSheetOpensOnceAndSaysWhatIsMissing() {
    WindowBench bench;
    QVERIFY(bench.ready());
    bench.window->action("view.sheet")->trigger();
    bench.window->action("view.sheet")->trigger();
    const auto dialogs = bench.window->findChildren<QDialog*>("modelSheet");
    QCOMPARE(dialogs.size(), 1);
    QVERIFY(dialogs.first()->isVisible());
    const auto* panel = dialogs.first()->findChild<ModelSheetPanel*>();
    QVERIFY(panel && panel->table().rows.empty());  // the scripted engine knows no sheets: nothing is made up
    dialogs.first()->close();
  }

  void runAndPauseByClickAndBySpace() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(5));
    RunButton* run = bench.window->header()->runButton();
    const QPoint place = run->mapTo(bench.window.get(), QPoint());
    QCOMPARE(run->text(), QStringLiteral("Pause"));
    bench.click(run);
    QVERIFY(bench.state("paused"));
    QTRY_COMPARE(run->text(), QStringLiteral("Run"));
    QCOMPARE(run->mapTo(bench.window.get(), QPoint()), place);  // it never moves
    QCOMPARE(run->width(), Theme::instance().px(96));
    bench.window->transport()->timeline()->setFocus();
    QTest::keyClick(bench.window.get(), Qt::Key_Space);
    QVERIFY(bench.state("running"));
    QTest::keyClick(bench.window.get(), Qt::Key_Space);
    QVERIFY(bench.state("paused"));
  }

  void stepsAndMoreAndStop() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    bench.click(bench.window->header()->runButton());
    QVERIFY(bench.state("paused"));
    const qint64 here = bench.history.liveStep();
    bench.click(bench.window->header()->stepButton());
    QTRY_COMPARE(bench.history.liveStep(), here + 1);
    QVERIFY(bench.state("paused"));
    bench.window->transport()->timeline()->setFocus();
    QTest::keyClick(bench.window.get(), Qt::Key_Period);
    QTRY_COMPARE(bench.history.liveStep(), here + 2);
    QVERIFY(bench.state("paused"));
    bench.window->action("run.step10")->trigger();
    QTRY_COMPARE(bench.history.liveStep(), here + 12);
    QVERIFY(bench.state("paused"));
    bench.click(bench.window->header()->moreButton());
    QTRY_COMPARE(bench.history.until(), here + 1012);
    QTRY_VERIFY(bench.window->header()->leftCounter()->words().contains(formatCount(here + 1012)));
    bench.window->action("run.stop")->trigger();
    QTRY_VERIFY(!bench.history.hasRun());
    QTRY_COMPARE(bench.window->header()->stepCounter()->words(), QStringLiteral("no run"));
  }

  void knobEditLandsAndIsUndone() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    KnobRow* row = bench.window->knobs()->row("balance.coefficient");
    QVERIFY(row && row->isEnabled());
    bench.type("balance.coefficient", "0.5");
    QTRY_VERIFY2(row->note().contains(QStringLiteral("→ 0.5 at step")), qPrintable(row->note()));
    QTRY_COMPARE(bench.window->knobs()->undoStack().count(), 1);
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{1});
    bench.window->action("edit.undo")->trigger();
    QTRY_COMPARE(bench.history.edits().size(), std::size_t{2});
    QTRY_COMPARE(row->field()->text(), QStringLiteral("0.01"));
    bench.window->action("edit.redo")->trigger();
    QTRY_COMPARE(row->field()->text(), QStringLiteral("0.5"));
  }

  void dragIsOneUndoStepAndFewCommands() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    KnobSlider* slider = bench.window->knobs()->row("router.noise")->slider();
    const QPoint start(20, slider->height() / 2);
    QTest::mousePress(slider, Qt::LeftButton, {}, start);
    QElapsedTimer time;
    time.start();
    for (int i = 0; i < 60; ++i) {
      QMouseEvent move(QEvent::MouseMove, QPointF(start + QPoint(2 * i, 0)), QPointF(start + QPoint(2 * i, 0)),
                       Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
      QApplication::sendEvent(slider, &move);
      QTest::qWait(3);
    }
    const qint64 dragged = time.elapsed();
    QTest::mouseRelease(slider, Qt::LeftButton, {}, start + QPoint(118, 0));
    QTest::qWait(200);
    QTRY_COMPARE(bench.window->knobs()->undoStack().count(), 1);
    QVERIFY(static_cast<qint64>(bench.history.edits().size()) <= dragged / 50 + 3);
    QTRY_COMPARE(moe::ui::numberOf(bench.history.info().config["router.noise"]), slider->knobValue());
  }

  void refusedValueKeepsItsTextAndSaysTheLimit() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    KnobRow* row = bench.window->knobs()->row("router.noise");
    bench.type("router.noise", "101");
    QTRY_VERIFY(row->hasRefusal());
    QVERIFY2(row->note().contains("0 to 100"), qPrintable(row->note()));
    QCOMPARE(row->field()->text(), QStringLiteral("101"));
    QCOMPARE(bench.window->knobs()->undoStack().count(), 0);
    bench.type("router.noise", "NaN");
    QVERIFY(row->note().contains("no number"));
    bench.type("router.noise", "1");
    QTRY_VERIFY(!row->hasRefusal());
  }

  void topKStepsAndIsRefusedAboveTheExperts() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(3));
    KnobRow* row = bench.window->knobs()->row("router.top_k");
    auto* box = row->findChild<QAbstractSpinBox*>();
    QVERIFY(box->findChild<QLineEdit*>()->text().contains("of 8"));
    box->setFocus();
    QTest::keyClick(box, Qt::Key_Up);
    QTRY_COMPARE(moe::ui::numberOf(bench.history.info().config["router.top_k"]), 3.0);
    box->selectAll();
    QTest::keyClicks(box, "9");
    QTest::keyClick(box, Qt::Key_Return);
    QTRY_VERIFY(row->hasRefusal());
    QVERIFY(row->note().contains("1 to 8"));
  }

  void timelineLooksBackAndChipReturns() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(30));
    TimelineView* timeline = bench.window->transport()->timeline();
    LiveChip* chip = bench.window->header()->liveChip();
    QTest::mouseClick(timeline, Qt::LeftButton, {}, QPoint(static_cast<int>(timeline->xOf(10)), 40));
    QVERIFY(!bench.history.isLive());
    QVERIFY(chip->text().contains("back to live"));
    const qint64 seen = bench.history.viewStep(), live = bench.history.liveStep();
    QTRY_VERIFY(bench.history.liveStep() > live);  // training goes on
    QCOMPARE(bench.history.viewStep(), seen);
    bench.click(chip);
    QVERIFY(bench.history.isLive());
    QCOMPARE(chip->text(), QStringLiteral("Live"));
    QTest::keyClick(bench.window.get(), Qt::Key_Comma);
    QVERIFY(!bench.history.isLive());
  }

  void playBackEndsLive() {
    WindowBench bench("step_ms=0");
    QVERIFY(bench.ready() && bench.training(100));
    bench.click(bench.window->header()->runButton());
    QTRY_VERIFY(!bench.controller.isRunning());
    bench.history.lookAt(bench.history.liveStep() - 5);
    bench.window->transport()->togglePlay();
    QVERIFY(bench.window->transport()->isPlaying());
    QTRY_VERIFY_WITH_TIMEOUT(bench.history.isLive() && !bench.window->transport()->isPlaying(), 10'000);
  }

  void perspectivesAndMaximise() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(25));
    QTest::keyClick(bench.window.get(), Qt::Key_2, Qt::ControlModifier);
    QCOMPARE(bench.window->perspective(), Perspective::inspect);
    QVERIFY(bench.window->inspectPage()->isVisible());
    QVERIFY(!bench.window->health()->isVisible());
    QTest::keyClick(bench.window.get(), Qt::Key_1, Qt::ControlModifier);
    QVERIFY(bench.window->trainPage()->isVisible());
    Panel* map = bench.window->trainPage()->panels().front();
    QTest::mouseDClick(map, Qt::LeftButton, {}, QPoint(40, 14));
    QCOMPARE(bench.window->trainPage()->maximised(), map);
    QVERIFY(!bench.window->trainPage()->panels()[1]->isVisible());
    QTest::mouseDClick(map, Qt::LeftButton, {}, QPoint(40, 14));
    QVERIFY(bench.window->trainPage()->panels()[1]->isVisible());
  }

  void tabsHoldFourPanels() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(5));
    PanelTabs* tabs = bench.window->trainPage()->tabs();
    QCOMPARE(tabs->bar()->count(), 4);
    for (int i = 0; i < 4; ++i) {
      QTest::mouseClick(tabs->bar(), Qt::LeftButton, {}, tabs->bar()->tabRect(i).center());
      QCOMPARE(tabs->bar()->currentIndex(), i);
      QVERIFY(tabs->current()->isVisible());
    }
    bench.selection.select(ExpertRef{2, 1});
    QCOMPARE(tabs->bar()->tabText(1), QStringLiteral("Waterfall L3"));
  }

  void wideWindowHasTwoColumns() {
    WindowBench bench;
    bench.window->resize(1920, 1080);
    QVERIFY(bench.ready() && bench.training(5));
    QTRY_VERIFY(bench.window->trainPage()->isWide());
    QCOMPARE(bench.window->trainPage()->tabs()->bar()->count(), 2);
    for (Panel* panel : bench.window->trainPage()->panels().mid(0, 3)) QVERIFY(panel->isVisible());
    bench.window->resize(1366, 768);
    QTRY_VERIFY(!bench.window->trainPage()->isWide());
    QCOMPARE(bench.window->trainPage()->tabs()->bar()->count(), 4);
  }

  void ownTextIsRouted() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(25));
    QTRY_VERIFY(bench.history.probe());
    bench.window->setPerspective(Perspective::inspect);
    QCOMPARE(*bench.selection.token(), (TokenRef{0, 0}));  // something to look at from the start
    InspectSide* side = bench.window->inspectSide();
    QTRY_COMPARE(side->domains()->count(), 8);
    side->domains()->setCurrentRow(4);
    QCOMPARE(bench.window->inspectPage()->strip()->domain(), 4);
    QTest::keyClicks(side->ownText(), "2 + 2 = 4");
    QTest::keyClick(side->ownText(), Qt::Key_Return);
    QTRY_VERIFY(bench.history.ownTrace());
    QTRY_VERIFY2(side->answer().contains("loss"), qPrintable(side->answer()));
    QCOMPARE(bench.window->inspectPage()->strip()->domain(), TokenStripPanel::kOwnText);
    QCOMPARE(*bench.selection.token(), (TokenRef{-1, 0}));
  }

  void textAndPathAreOfOneDomain() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(25));
    QTRY_VERIFY(bench.history.probe());
    bench.selection.selectToken(TokenRef{2, 5});  // as by a click in the Train perspective
    QTest::keyClick(bench.window.get(), Qt::Key_2, Qt::ControlModifier);
    InspectSide* side = bench.window->inspectSide();
    InspectPage* page = bench.window->inspectPage();
    QCOMPARE(page->strip()->domain(), 2);
    QCOMPARE(side->domains()->currentRow(), 2);
    auto* path = page->findChild<TokenPathPanel*>();
    QVERIFY2(path->summary().contains("token 6 of"), qPrintable(path->summary()));
    QListWidget* list = side->domains();
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(4)).center());
    QCOMPARE(page->strip()->domain(), 4);
    QCOMPARE(*bench.selection.token(), (TokenRef{4, 0}));
    QVERIFY2(path->summary().contains("token 1 of"), qPrintable(path->summary()));
    QTest::keyClick(list, Qt::Key_Up);
    QCOMPARE(*bench.selection.token(), (TokenRef{3, 0}));
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualItemRect(list->item(3)).center());
    QCOMPARE(*bench.selection.token(), (TokenRef{3, 0}));
  }

  void locatorFindsEverything() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(40));
    Locator locator(bench.controller.hello(), bench.history, bench.window->commands());
    QCOMPARE(locator.find("L2 E7").front().expert, (ExpertRef{1, 6}));
    QCOMPARE(locator.find("1.3").front().expert, (ExpertRef{0, 2}));
    QVERIFY(locator.find("L9 E1").empty() || locator.find("L9 E1").front().kind != LocatorHit::Expert);
    QCOMPARE(locator.find("12").front().step, 12);
    QCOMPARE(locator.find("balance.coef").front().key, QStringLiteral("balance.coefficient"));
    QVERIFY(locator.find("checkpoint now").front().action == bench.window->action("file.checkpoint"));
  }

  void tableAndKeys() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(5));
    TableDialog table(*bench.window->trainPage()->panels().front());
    QVERIFY(table.view()->model()->rowCount() >= 32);
    ShortcutsDialog keys(bench.window->commands());
    const int all = keys.rows();
    QVERIFY(all > 20);
    keys.findChild<QLineEdit*>()->setText("pause");
    QCOMPARE(keys.rows(), 1);
  }

  void themeSwitchRepaintsInDark() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(5));
    bench.window->action("view.dark")->trigger();
    QVERIFY(Theme::instance().dark());
    const QImage picture = bench.window->grab().toImage();
    QVERIFY(picture.pixelColor(800, 4).lightnessF() < 0.2);
    bench.window->action("view.dark")->trigger();
    QVERIFY(bench.window->grab().toImage().pixelColor(800, 4).lightnessF() > 0.9);
  }

  void docksComeBack() {
    {
      WindowBench bench("", true);
      QVERIFY(bench.ready());
      QTest::qWait(50);
      bench.window->action("view.right")->trigger();
      QVERIFY(bench.window->findChild<QDockWidget*>("rightDock")->isHidden());
      bench.window->close();
    }
    WindowBench again("", true);
    QVERIFY(again.ready());
    QTRY_VERIFY(again.window->findChild<QDockWidget*>("rightDock")->isHidden());
    again.window->setPerspective(Perspective::inspect);  // another perspective has its own layout
    again.window->action("view.reset")->trigger();
    QVERIFY(again.window->findChild<QDockWidget*>("rightDock")->isVisible());
    again.window->setPerspective(Perspective::train);
    QVERIFY(again.window->findChild<QDockWidget*>("rightDock")->isHidden());
    again.window->action("view.reset")->trigger();
    again.window->close();
  }

  void everyControlHasAName() {
    WindowBench bench;
    QVERIFY(bench.ready() && bench.training(25));
    for (const auto perspective : {Perspective::train, Perspective::inspect}) {
      bench.window->setPerspective(perspective);
      QTest::qWait(50);
      for (const QWidget* widget : bench.window->findChildren<QWidget*>()) {
        const bool inner =
            widget->objectName().startsWith("qt_") || qobject_cast<const QAbstractSpinBox*>(widget->parentWidget());
        if (widget->focusPolicy() == Qt::NoFocus || inner || !widget->isVisible() ||
            widget->window() != bench.window.get() || qobject_cast<const QMenu*>(widget))
          continue;
        if (qobject_cast<const QScrollArea*>(widget) || qobject_cast<const QMenuBar*>(widget)) continue;
        QAccessibleInterface* face = QAccessible::queryAccessibleInterface(const_cast<QWidget*>(widget));
        const QString name = face ? face->text(QAccessible::Name) : QString();
        QVERIFY2(!name.isEmpty(),
                 qPrintable(QString("%1 %2 in %3 of %4")
                                .arg(widget->metaObject()->className(), widget->objectName(),
                                     widget->parentWidget()->metaObject()->className(),
                                     widget->parentWidget()->parentWidget()
                                         ? widget->parentWidget()->parentWidget()->metaObject()->className()
                                         : "nothing")));
      }
    }
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindow>(argc, argv); }
#include "tst_window.moc"
