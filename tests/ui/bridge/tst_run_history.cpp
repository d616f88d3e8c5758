// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSignalSpy>
#include <QTest>
#include <cmath>

#include "tests/support/sample_run.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/bridge/window_loads.h"

using namespace moe;
using moe::ui::RunHistory;

namespace {

protocol::StepReport small(qint64 step, std::vector<std::int64_t> load = {3, 1}) {
  protocol::StepReport report;
  report.step = step;
  report.top_k = 1;
  protocol::LayerReport layer;
  for (const auto l : load) layer.mass.push_back(0.5 * static_cast<double>(l));
  layer.load = std::move(load);
  layer.balance_loss = static_cast<double>(step);
  report.layers = {layer};
  return report;
}

protocol::RunInfo info(qint64 step = 0) {
  protocol::RunInfo out;
  out.path = "/r";
  out.horizon = 1000;
  out.step = step;
  out.experts = 2;
  out.config = {{"optim.lr", 0.01}};
  return out;
}

}  // namespace

class TstRunHistory : public QObject {
  Q_OBJECT
 private slots:
  void emptyHistory() {
    RunHistory h;
    QVERIFY(!h.hasRun());
    QCOMPARE(h.state(), QStringLiteral("empty"));
    QVERIFY(h.window().layers.empty());
    QVERIFY(std::isnan(h.window().ratio(0, 0)));
    QVERIFY(std::isnan(h.window().noise()));
    QCOMPARE(h.indexOf(5), -1);
    h.lookAt(3);
    QVERIFY(h.isLive());
  }

  void liveFollowsAndUpdatesOncePerFlush() {
    RunHistory h;
    h.reset(info());
    h.flush();
    QSignalSpy updated(&h, &RunHistory::updated), view(&h, &RunHistory::viewStepChanged);
    for (qint64 s = 1; s <= 40; ++s) h.add(small(s));
    h.flush();
    h.flush();
    QCOMPARE(updated.count(), 1);
    QCOMPARE(view.count(), 1);
    QCOMPARE(view[0][0].toLongLong(), 40);
    QCOMPARE(h.viewStep(), 40);
  }

  void lookingBackStaysWhileTrainingGoesOn() {
    RunHistory h;
    h.reset(info());
    for (qint64 s = 1; s <= 40; ++s) h.add(small(s));
    h.lookAt(10);
    for (qint64 s = 41; s <= 60; ++s) h.add(small(s));
    h.flush();
    QCOMPARE(h.viewStep(), 10);
    QCOMPARE(h.liveStep(), 60);
    h.lookAt(1000);
    QCOMPARE(h.viewStep(), 60);
    QVERIFY(!h.isLive());
    h.lookAt(-4);
    QCOMPARE(h.viewStep(), 1);
    h.backToLive();
    QCOMPARE(h.viewStep(), 60);
  }

  void expertsMayComeAndGo() {
    RunHistory h;
    h.reset(info());
    h.setWindowSteps(10);
    for (qint64 s = 1; s <= 4; ++s) h.add(small(s, {3, 1}));
    for (qint64 s = 5; s <= 7; ++s) h.add(small(s, {3, 1, 2}));
    h.flush();
    QCOMPARE(h.info().experts, 3);
    QCOMPARE(h.window().steps, 3);  // before that there was no third expert, and the fair share was another
    QCOMPARE(h.window().from, 4);
    QCOMPARE(h.window().ratio(0, 2), 1.0);
    h.lookAt(4);
    QCOMPARE(h.window().steps, 4);
    QVERIFY(std::isnan(h.window().ratio(0, 2)));
    h.backToLive();
    h.add(small(8, {2, 2}));
    QCOMPARE(h.info().experts, 2);
    QCOMPARE(h.window().steps, 1);
  }

  void editsOfOneStep() {
    RunHistory h;
    h.reset(info());
    h.add(protocol::EditEvent{5, "optim.lr", "0.01", "0.02", {}});
    h.add(protocol::EditEvent{5, "optim.lr", "0.02", "0.03", {}});
    QCOMPARE(h.edits().size(), std::size_t{1});
    QCOMPARE(h.edits()[0].before, std::string("0.01"));
    QCOMPARE(h.edits()[0].after, std::string("0.03"));
    for (const char* expert : {"L1E1", "L1E2", "L1E1"}) h.add(protocol::EditEvent{5, "experts.revive", "", expert, {}});
    QCOMPARE(h.edits().size(), std::size_t{3});
  }

  void droppedAssignmentsAreCounted() {
    RunHistory h;
    h.reset(info());
    h.setWindowSteps(2);
    h.add(small(1, {6, 2}));  // nothing could drop yet: all was kept
    auto capped = small(2, {6, 2});
    capped.layers[0].kept = {4, 2};
    h.add(capped);
    const auto window = h.window();
    QCOMPARE(window.dropped(0, 0), 2.0 / 12);
    QCOMPARE(window.dropped(0, 1), 0.0);
    QCOMPARE(window.dropped(0), 2.0 / 16);
    h.setWindowSteps(1);
    h.lookAt(1);
    QVERIFY(std::isnan(h.window().dropped(0)));
    QCOMPARE(moe::ui::droppedShare(capped), 0.25);
    QVERIFY(std::isnan(moe::ui::droppedShare(small(1))));
  }

  void layersAreNamedByTheirPlaceInTheModel() {  // dense layers between
    RunHistory h;
    auto sparse = info();
    sparse.moe_layers = {1, 3};
    h.reset(sparse);
    QCOMPARE(moe::ui::expertName({1, 3}), QStringLiteral("L4·E4"));
    h.reset(info());
    QCOMPARE(moe::ui::expertName({1, 3}), QStringLiteral("L2·E4"));
  }

  void windowSumsAndRecomputes() {
    RunHistory h;
    h.reset(info());
    h.add(small(1, {4, 0}));
    h.add(small(2, {2, 2}));
    h.setWindowSteps(2);
    const auto w = h.window();
    QCOMPARE(w.steps, 2);
    QCOMPARE(w.assignmentsPerLayer, 8);
    QCOMPARE(w.ratio(0, 0), 6.0 * 2 / 8);
    QCOMPARE(w.ratio(0, 0, true), 1.5);
    QCOMPARE(w.noise(), std::sqrt(2.0 / 8));
    QCOMPARE(w.layers[0].load_cv, 0.5);  // loads 6 and 2: sd 2, mean 4
    QCOMPARE(w.layers[0].max_violation, 0.5);
    QCOMPARE(w.layers[0].balance_loss, 1.5);
    QVERIFY(!w.isDead(0, 1));
    h.setWindowSteps(1);
    h.lookAt(1);
    QVERIFY(h.window().isDead(0, 1));
    QVERIFY(!h.window().isDead(7, 1));
  }

  void gapIsAskedFromTheStoreOnce() {
    RunHistory h;
    h.reset(info());
    QSignalSpy need(&h, &RunHistory::needHistory);
    h.add(small(1));
    h.add(small(10));
    h.flush();
    QCOMPARE(need.count(), 1);
    QCOMPARE(need[0][0].toLongLong(), 2);
    QCOMPARE(need[0][1].toLongLong(), 9);
    std::vector<ui::StepRecord> missing;
    for (qint64 s = 9; s >= 1; --s) missing.push_back(small(s, {1, 3}));
    h.addMany(std::move(missing));
    QCOMPARE(h.steps().size(), std::size_t{10});
    QCOMPARE(h.steps()[0].layers[0].load[0], 3);  // what was live already is kept
    QCOMPARE(h.steps()[4].step, 5);
    h.flush();
    QCOMPARE(need.count(), 1);
  }

  void openedRunAsksForItsPast() {
    RunHistory h;
    QSignalSpy need(&h, &RunHistory::needHistory), probe(&h, &RunHistory::needProbe);
    auto i = info(500);
    i.probes = {100, 400};
    i.checkpoints = {300, 200};
    h.reset(i);
    h.flush();
    QVERIFY(need.count() >= 1);
    QCOMPARE(need[0][1].toLongLong(), 500);
    QCOMPARE(probe[0][0].toLongLong(), 400);
    QCOMPARE(h.checkpoints().back().step, 300);
    QCOMPARE(h.liveStep(), 500);
  }

  void probeOfThePastIsFetchedOnce() {
    RunHistory h;
    test::SampleShape shape{2, 4, 100};
    h.reset(info());
    for (qint64 s = 1; s <= 100; ++s) h.add(small(s));
    for (qint64 s = 2; s <= 100; s += 2) h.add(test::sampleProbe(shape, s));
    QVERIFY(h.probe());
    QCOMPARE(h.probe()->step, 100);
    QSignalSpy need(&h, &RunHistory::needProbe);
    h.lookAt(7);
    QCOMPARE(need.count(), 1);  // only the newest 24 are held
    QCOMPARE(need[0][0].toLongLong(), 6);
    h.lookAt(6);
    QCOMPARE(need.count(), 1);
    h.add(test::sampleProbe(shape, 6));
    QCOMPARE(h.probe()->step, 6);
  }

  void editsAreSortedAndChangeTheSettings() {
    RunHistory h;
    h.reset(info());
    h.add(protocol::EditEvent{20, "optim.lr", "0.01", "0.02", {}});
    h.add(protocol::EditEvent{10, "router.noise", "0", "1", {}});
    h.add(protocol::EditEvent{20, "optim.lr", "0.01", "0.02", {}});  // told twice after a reopening
    QCOMPARE(h.edits().size(), std::size_t{2});
    QCOMPARE(h.edits()[0].step, 10);
    QCOMPARE(h.info().config.at("optim.lr").get<double>(), 0.02);
  }

  void longRunsAreThinnedNotLost() {
    RunHistory h;
    h.reset(info());
    for (qint64 s = 1; s <= 250'000; ++s) h.add(small(s));
    QVERIFY(h.steps().size() <= 200'000);
    QCOMPARE(h.steps().back().step, 250'000);
    QVERIFY(h.steps().front().step <= 2);
    QVERIFY(std::is_sorted(h.steps().begin(), h.steps().end(),
                           [](const auto& a, const auto& b) { return a.step < b.step; }));
    QSignalSpy need(&h, &RunHistory::needHistory);
    h.setWindowSteps(8);
    h.lookAt(4);
    h.flush();
    QVERIFY(need.count() >= 1);
    QVERIFY(!h.window().layers.empty());
  }

  void entropyOfOneExpertIsOne() {
    const ui::StepRecord one = small(1, {5});
    const auto w = ui::sumWindow(std::span(&one, 1), 0, 1);
    QCOMPARE(w.layers[0].entropy, 1.0);
    QCOMPARE(w.layers[0].load_cv, 0.0);
  }
};

QTEST_GUILESS_MAIN(TstRunHistory)
#include "tst_run_history.moc"
