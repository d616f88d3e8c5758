// SPDX-License-Identifier: GPL-3.0-or-later
// The window over an engine with the whole family of routers: policies by their names, settings that a policy does not
// read, drops, and experts that are revived, added and removed while the run goes on.
#include <QComboBox>
#include <QPushButton>
#include <QScrollArea>

#include "tests/ui/window/window_bench.h"
#include "ui/bridge/edit_words.h"
#include "ui/charts/chart_panel.h"
#include "ui/charts/charts_panel.h"
#include "ui/main_window_train.h"
#include "ui/panels/expert_card.h"
#include "ui/panels/revive_line.h"
#include "ui/panels/routing_map_view.h"
#include "ui/panels/waterfall_panel.h"
#include "ui/widgets/health_line.h"
#include "ui/widgets/timeline.h"
#include "ui/widgets/transport.h"

using namespace moe::ui;
using moe::test::WindowBench;

class TstWindowRouters : public QObject {
  Q_OBJECT
  static LinkButton* more(const WindowBench& bench, const char* group) {
    return bench.window->knobs()->findChild<LinkButton*>(QStringLiteral("more.") + QLatin1String(group));
  }
  static QStringList flags(const WindowBench& bench) {
    QStringList out;
    for (std::size_t i = 0; i < bench.history.edits().size(); ++i)
      out << bench.window->transport()->timeline()->flagWords(i);
    out.removeAll(QString());
    return out;
  }

 private slots:
  void init() { moe::test::warningsAreFailures(); }

  void policiesAreCalledByTheirNames() {
    WindowBench bench("routers");
    QVERIFY(bench.ready() && bench.training(5));
    auto* combo = bench.window->knobs()->row("router.policy")->findChild<QComboBox*>();
    QCOMPARE(combo->currentText(), QStringLiteral("Softmax top-k"));
    QCOMPARE(combo->itemText(2), QStringLiteral("Expert choice"));
    const QString help = combo->itemData(2, Qt::ToolTipRole).toString();
    QVERIFY2(help.contains("later tokens") && help.contains("Zhou 2022"), qPrintable(help));
    QVERIFY(combo->toolTip().contains("Shazeer 2017"));
    QVERIFY(combo->accessibleDescription().contains("highest probability"));
  }

  void settingsThatThePolicyDoesNotReadAreDimmed() {
    WindowBench bench("routers");
    QVERIFY(bench.ready() && bench.training(5));
    KnobsPanel* knobs = bench.window->knobs();
    KnobRow *noise = knobs->row("router.noise"), *top = knobs->row("router.top_k");
    QVERIFY(noise->unusedWords().isEmpty());
    auto* combo = knobs->row("router.policy")->findChild<QComboBox*>();
    combo->setFocus();
    QTest::keyClick(combo, Qt::Key_Down);
    QTRY_COMPARE(noise->unusedWords(), QStringLiteral("not used by Hash"));
    QVERIFY(noise->isEnabled());  // it may be set before the policy is changed back
    QVERIFY(noise->field()->control()->accessibleDescription().startsWith("Not used by Hash."));
    QVERIFY(top->unusedWords().isEmpty());
    QTRY_COMPARE(flags(bench), QStringList{"Router Softmax top-k → Hash"});
    QTest::keyClick(combo, Qt::Key_Down);
    QTRY_VERIFY(noise->unusedWords().isEmpty());
    QVERIFY(!noise->field()->control()->accessibleDescription().startsWith("Not used"));
    QCOMPARE(knobs->row("router.extra1")->unusedWords(), QStringLiteral("not used by Expert choice"));
  }

  void manyKnobsLeaveTheImportantOnesInSight() {
    WindowBench bench("routers");
    QVERIFY(bench.ready() && bench.training(5));
    KnobsPanel* knobs = bench.window->knobs();
    for (const char* key : {"router.top_k", "router.noise", "balance.coefficient", "router.policy"}) {
      KnobRow* row = knobs->row(key);
      QVERIFY2(row->isVisible() && !row->visibleRegion().isEmpty(), key);
      QVERIFY2(row->mapTo(knobs, QPoint()).y() < 300, key);
    }
    QVERIFY(!knobs->row("router.extra6")->isVisible());
    QVERIFY(!knobs->row("balance.extra5")->isVisible());
    QVERIFY(knobs->row("balance.extra1")->isVisible());
    LinkButton* link = more(bench, "Balance");
    QVERIFY(link && link->text().contains("more"));
    bench.click(link);
    QVERIFY(knobs->row("balance.extra5")->isVisible());
    QCOMPARE(link->text(), QStringLiteral("fewer"));
    bench.click(link);
    QVERIFY(!knobs->row("balance.extra5")->isVisible());
    // A rarer one that was changed can be seen, and undone there.
    bench.controller.setKnob("remedy.extra4", 2.0);
    QTRY_VERIFY(knobs->row("remedy.extra4")->isVisible());
    QVERIFY(knobs->row("remedy.extra4")->note().contains(QStringLiteral("0 → 2")));
  }

  void knobsFitTheDock() {
    for (const char* script : {"", "routers"}) {
      WindowBench bench(script);
      QVERIFY(bench.ready() && bench.training(3));
      auto* scroll = bench.window->knobs()->findChild<QScrollArea*>();
      for (LinkButton* link : bench.window->knobs()->findChildren<LinkButton*>()) bench.click(link);
      QTest::qWait(50);
      KnobRow* widest = nullptr;
      for (KnobRow* row : bench.window->knobs()->findChildren<KnobRow*>())
        if (!widest || row->minimumSizeHint().width() > widest->minimumSizeHint().width()) widest = row;
      QVERIFY2(scroll->widget()->width() <= scroll->viewport()->width(),
               qPrintable(QStringLiteral("%1 in %2, widest %3 with %4")
                              .arg(scroll->widget()->width())
                              .arg(scroll->viewport()->width())
                              .arg(widest->objectName())
                              .arg(widest->minimumSizeHint().width())));
    }
  }

  void fitsALaptopAtLargerScale() {  // 1366 × 768 at 125 %
    WindowBench bench("routers,dead,capacity=100");
    QVERIFY(bench.ready() && bench.training(25));
    for (const auto perspective : {Perspective::train, Perspective::inspect}) {
      bench.window->setPerspective(perspective);
      bench.window->resize(1092, 614);
      QTest::qWait(80);
      QString widths;
      for (const QWidget* child : bench.window->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly))
        widths += QStringLiteral(" %1:%2").arg(child->objectName()).arg(child->minimumSizeHint().width());
      QVERIFY2(
          bench.window->width() == 1092 && bench.window->height() == 614,
          qPrintable(QStringLiteral("%1×%2%3").arg(bench.window->width()).arg(bench.window->height()).arg(widths)));
      const int run = bench.window->header()->runButton()->mapTo(bench.window.get(), QPoint()).x();
      QCOMPARE(run, Theme::instance().px(320));  // it never moves, also when room is short
      auto* scroll = bench.window->knobs()->findChild<QScrollArea*>();
      QVERIFY2(scroll->widget()->width() <= scroll->viewport()->width(),
               qPrintable(QStringLiteral("%1 in %2").arg(scroll->widget()->width()).arg(scroll->viewport()->width())));
    }
  }

  void expertsComeAndGo() {
    WindowBench bench("routers,step_ms=10");
    QVERIFY(bench.ready() && bench.training(12));
    bench.window->action("run.addExpert")->trigger();
    QTRY_COMPARE(bench.history.info().experts, 9);
    const qint64 grown = bench.history.edits().front().step;
    QTRY_VERIFY(bench.history.liveStep() > grown + 3);
    QCOMPARE(flags(bench), QStringList{QStringLiteral("8 → 9 experts")});
    auto* map = bench.window->findChild<RoutingMapView*>();
    QTRY_COMPARE(map->experts(), 9);
    auto* top = bench.window->knobs()->row("router.top_k")->findChild<QAbstractSpinBox*>();
    QTRY_VERIFY(top->findChild<QLineEdit*>()->text().contains("of 9"));
    KnobRow* experts = bench.window->knobs()->row("model.experts");
    QTRY_VERIFY2(experts->note().contains(QStringLiteral("8 → 9")), qPrintable(experts->note()));
    for (const QAbstractButton* button : experts->findChildren<QAbstractButton*>()) QVERIFY(button->isHidden());
    // In the waterfall the new expert has no past.
    auto* water = bench.window->findChild<WaterfallView*>();
    bench.window->trainPage()->reveal(bench.window->trainPage()->panels()[3]);
    QTRY_COMPARE(water->bins().experts(), 9);
    QVERIFY(std::isnan(water->bins().ratio(water->bins().rowOf(2), 8)));
    QVERIFY(water->bins().ratio(water->bins().rowOf(2), 0) > 0);
    bench.history.lookAt(3);
    bench.history.flush();
    QCOMPARE(map->experts(), 8);
    bench.window->grab();
    bench.history.backToLive();
    bench.window->action("run.removeExpert")->trigger();
    QTRY_COMPARE(bench.history.info().experts, 8);
    QCOMPARE(flags(bench).last(), QStringLiteral("9 → 8 experts"));
    QCOMPARE(bench.window->knobs()->undoStack().count(), 0);
    bench.window->grab();
  }

  void deadExpertIsRevived() {
    WindowBench bench("routers,dead,step_ms=10");
    QVERIFY(bench.ready() && bench.training(25));
    HealthLine* health = bench.window->health();
    QTRY_COMPARE(health->health().dead, 4);
    auto* card = bench.window->findChild<ExpertCard*>();
    bench.selection.select(ExpertRef{1, 2});
    QVERIFY(!card->revive()->button()->isEnabled());
    QCOMPARE(card->revive()->note(), QStringLiteral("It gets enough tokens."));
    bench.selection.select(ExpertRef{1, 7});
    QVERIFY(card->revive()->isVisible());
    QTRY_VERIFY(card->revive()->button()->isEnabled());
    bench.click(card->revive()->button());
    QTRY_COMPARE(flags(bench), QStringList{QStringLiteral("revived L2·E8")});
    QCOMPARE(bench.history.edits().front().key, std::string(kRevive));
    QCOMPARE(bench.history.edits().front().after, std::string("L2E8"));
    QTRY_VERIFY2(card->revive()->note().contains("cannot be undone"), qPrintable(card->revive()->note()));
    QCOMPARE(bench.window->knobs()->undoStack().count(), 0);
  }

  void healthLineRevivesEveryDeadExpert() {
    WindowBench bench("routers,dead,step_ms=10");
    QVERIFY(bench.ready() && bench.training(25));
    auto* link = [&] {
      for (LinkButton* each : bench.window->health()->findChildren<LinkButton*>())
        if (each->text() == QStringLiteral("Revive")) return each;
      return static_cast<LinkButton*>(nullptr);
    }();
    QTRY_VERIFY(link && link->isVisible());
    bench.click(link);
    QTRY_COMPARE(flags(bench).size(), 4);
    QVERIFY(flags(bench).contains(QStringLiteral("revived L4·E8")));
  }

  void anOlderEngineOffersNone() {
    WindowBench bench("dead");
    QVERIFY(bench.ready() && bench.training(25));
    QVERIFY(!bench.window->action("run.addExpert")->isVisible());
    bench.selection.select(ExpertRef{1, 7});
    auto* card = bench.window->findChild<ExpertCard*>();
    QTRY_VERIFY(card->revive()->isHidden());
  }

  void dropsAreShown() {
    WindowBench bench("routers,capacity=100,step_ms=10");
    QVERIFY(bench.ready() && bench.training(25));
    HealthLine* health = bench.window->health();
    QTRY_VERIFY2(health->droppedWords().endsWith(QStringLiteral("% dropped")), qPrintable(health->droppedWords()));
    QVERIFY(health->accessibleName().contains("of choices dropped"));
    const WindowLoads loads = bench.history.window();
    std::optional<ExpertRef> full;
    for (int e = 0; e < 8; ++e)
      if (loads.dropped(0, e) > 0.02) full = ExpertRef{0, e};
    QVERIFY(full);
    bench.selection.select(full);
    auto* map = bench.window->findChild<RoutingMapView*>();
    QTRY_VERIFY2(map->accessibleName().contains("dropped"), qPrintable(map->accessibleName()));
    auto* card = bench.window->findChild<ExpertCard*>();
    QVERIFY2(card->width() <= card->parentWidget()->width(), "the words of drops must not widen the card");
    bench.window->resize(1920, 1080);
    auto* charts = bench.window->findChild<ChartsPanel*>();
    QTRY_VERIFY(charts->chart(charts->charts() - 1)->isVisible());
    QCOMPARE(charts->chart(charts->charts() - 1)->spec().title, QStringLiteral("Dropped"));
    QTRY_VERIFY(charts->chart(charts->charts() - 1)->figureText().toDouble() > 0);
  }

  void withoutCapacityNothingIsSaidOfDrops() {
    WindowBench bench("routers");
    QVERIFY(bench.ready() && bench.training(25));
    QVERIFY(bench.window->health()->droppedWords().isEmpty());
    bench.window->resize(1920, 1080);
    auto* charts = bench.window->findChild<ChartsPanel*>();
    QTRY_VERIFY(charts->chart(charts->charts() - 2)->isVisible());
    QVERIFY(!charts->chart(charts->charts() - 1)->isVisible());
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstWindowRouters>(argc, argv); }
#include "tst_window_routers.moc"
