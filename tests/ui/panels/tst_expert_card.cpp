// SPDX-License-Identifier: GPL-3.0-or-later
// Expert card: states, domains by hand, fair samples, fellows and pins by real clicks.
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QTest>
#include <QToolButton>
#include <cmath>

#include "tests/support/sample_run.h"
#include "ui/panels/expert_card.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

class TestExpertCard : public QObject {
  Q_OBJECT
  static bool says(const ExpertCard& card, const QString& text) {
    for (const QLabel* label : card.findChildren<QLabel*>())
      if (label->isVisibleTo(&card) && label->text().contains(text)) return true;
    return false;
  }

 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void emptyNamesTheBusiest() {
    RunHistory history;
    Selection selection;
    ExpertCard card(history, selection);
    card.resize(288, 700);
    card.show();
    QVERIFY(says(card, "No run is open"));
    moe::test::fillSampleRun(history, {6, 16, 400});
    card.refresh();
    const auto best = ExpertCard::busiest(history.window());
    QVERIFY(best);
    QVERIFY(says(card, "The busiest expert right now is " + expertName(*best)));
    QTest::mouseClick(card.findChild<QPushButton*>(), Qt::LeftButton);
    QCOMPARE(selection.primary(), best);
    QVERIFY(says(card, expertName(*best)));
    QVERIFY(says(card, formatRatio(history.window().ratio(best->layer, best->expert))));
  }

  void domainsAreWeightedAsTheCorpus() {
    moe::protocol::ProbeReport probe;
    probe.domains = {"code", "verse"};
    probe.layers = 1;
    probe.experts = 2;
    probe.counts = {30, 10, /* E2 */ 70, 90};  // equal text of both domains
    moe::protocol::RunInfo info;
    info.corpus_share = {0.8, 0.2};
    // E1 takes 30 % of code and 10 % of verse: 0.3·0.8 against 0.1·0.2.
    const auto rows = ExpertCard::domainRows(probe, info, {0, 0});
    QCOMPARE(rows[0].name, QStringLiteral("code"));
    QVERIFY(std::abs(rows[0].share - 0.24 / 0.26) < 1e-12);
    QCOMPARE(rows[0].tick, 0.8);
    info.corpus_share.clear();
    const auto plain = ExpertCard::domainRows(probe, info, {0, 0});
    QVERIFY(std::abs(plain[0].share - 0.75) < 1e-12);
    QCOMPARE(plain[0].tick, 0.5);
    QVERIFY(ExpertCard::domainRows(probe, info, {3, 0}).empty());
  }

  void tooFewTokensSaysSo() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {2, 4, 50});
    auto probe = std::make_shared<moe::protocol::ProbeReport>(*history.probe());
    probe->step = history.liveStep();
    probe->seen[1] = 14;
    history.add(std::shared_ptr<const moe::protocol::ProbeReport>(probe));
    history.flush();
    ExpertCard card(history, selection);
    card.resize(288, 700);
    card.show();
    selection.select(ExpertRef{0, 1});
    QVERIFY(says(card, "Seen 14 tokens so far — need 200 before a description is fair."));
    QCOMPARE(card.findChild<QProgressBar*>()->value(), 14);
    QVERIFY(!card.findChild<DomainBars*>()->isVisibleTo(&card));
    selection.select(ExpertRef{0, 0});
    QVERIFY(card.findChild<DomainBars*>()->isVisibleTo(&card));
  }

  void fellowsAndPinsAreClicked() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 200});
    ExpertCard card(history, selection);
    card.resize(288, 900);
    card.show();
    QVERIFY(QTest::qWaitForWindowExposed(&card));
    selection.select(ExpertRef{2, 10});
    const auto probe = history.probe();
    const auto& fellows = probe->fellows[2 * 16 + 10];
    QVERIFY(!fellows.empty());
    qApp->processEvents();
    ChipFlow* chips = card.findChildren<ChipFlow*>().last();
    QTest::mouseClick(chips, Qt::LeftButton, {}, chips->chipBox(0).center().toPoint());
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, fellows[0].expert}));
    QTest::mouseClick(card.findChild<QToolButton*>(), Qt::LeftButton);
    QCOMPARE(selection.pinIndex({2, fellows[0].expert}), 0);
    selection.togglePin({1, 4});
    auto* pins = card.findChild<PinnedList*>();
    QCOMPARE(int(pins->rows().size()), 2);
    qApp->processEvents();
    QTest::mouseClick(pins, Qt::LeftButton, {}, QPoint(20, pins->height() - 5));
    QCOMPARE(selection.primary(), std::optional(ExpertRef{1, 4}));
    QVERIFY(!card.table().rows.empty());
  }

  // A probe arrives between the painting of a chip and the click on it, and knows of no fellows.
  void aClickMeansWhatTheChipSays() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 200});
    ExpertCard card(history, selection);
    card.resize(288, 900);
    card.show();
    QVERIFY(QTest::qWaitForWindowExposed(&card));
    selection.select(ExpertRef{2, 10});
    qApp->processEvents();
    ChipFlow* chips = card.findChildren<ChipFlow*>().last();
    const int shown = history.probe()->fellows[2 * 16 + 10].at(0).expert;
    auto later = std::make_shared<moe::protocol::ProbeReport>(*history.probe());
    later->step = history.liveStep();
    later->fellows.clear();
    history.add(std::shared_ptr<const moe::protocol::ProbeReport>(later));
    QTest::mouseClick(chips, Qt::LeftButton, {}, chips->chipBox(0).center().toPoint());
    QCOMPARE(selection.primary(), std::optional(ExpertRef{2, shown}));
  }

  void lookingBack() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 400});
    selection.select(ExpertRef{1, 4});
    ExpertCard card(history, selection);
    card.resize(288, 700);
    card.show();
    history.lookAt(170);
    history.flush();
    QVERIFY(says(card, formatRatio(history.window().ratio(1, 4))));
  }
};

QTEST_MAIN(TestExpertCard)
#include "tst_expert_card.moc"
