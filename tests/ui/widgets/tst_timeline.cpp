// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSignalSpy>

#include "tests/support/paint_counter.h"
#include "tests/support/sample_run.h"
#include "tests/support/studio_fixture.h"
#include "ui/bridge/edit_words.h"
#include "ui/bridge/hello.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/widgets/health.h"
#include "ui/widgets/timeline.h"

using namespace moe::ui;

class TstTimeline : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    moe::test::warningsAreFailures();
    history_ = std::make_unique<RunHistory>();
    moe::test::fillSampleRun(*history_, {6, 16, 1000});
    view_ = std::make_unique<TimelineView>(*history_);
    view_->resize(1000, 80);
    view_->show();
  }
  void cleanup() {
    view_.reset();
    history_.reset();
  }

  void mouseScrubsAndTheEdgeIsLive() {
    QTest::mouseClick(view_.get(), Qt::LeftButton, {}, QPoint(static_cast<int>(view_->xOf(300)), 50));
    QVERIFY(!history_->isLive());
    QVERIFY(qAbs(history_->viewStep() - 300) <= 1);
    QVERIFY(view_->accessibleName().contains("of 1,000"));
    QTest::mouseClick(view_.get(), Qt::LeftButton, {}, QPoint(999, 50));
    QVERIFY(history_->isLive());
  }

  // Live, the playhead stands still: many steps are one picture, and the last of them is shown. Scrubbed, every change
  // is.
  void manyLiveStepsAreOnePicture() {
    moe::test::PaintCounter counter;
    view_->installEventFilter(&counter);
    QTest::qWait(500);
    counter.paints = 0;
    for (int step = 1001; step <= 1020; ++step) {
      history_->add(moe::test::sampleStep({6, 16, 1000}, step));
      history_->flush();
      QCoreApplication::processEvents();
    }
    QVERIFY2(counter.paints <= 3, qPrintable(QString::number(counter.paints)));
    QVERIFY(view_->accessibleName().contains("1,020"));
    const int before = counter.paints;
    QTRY_VERIFY(counter.paints > before);
    QTest::qWait(500);
    counter.paints = 0;
    for (const int step : {300, 400, 500}) {
      history_->lookAt(step);
      QCoreApplication::processEvents();
    }
    QCOMPARE(counter.paints, 3);
  }

  void keysMove() {
    history_->lookAt(500);
    QTest::keyClick(view_.get(), Qt::Key_Left);
    QCOMPARE(history_->viewStep(), 499);
    QTest::keyClick(view_.get(), Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(history_->viewStep(), 509);
    QTest::keyClick(view_.get(), Qt::Key_Right, Qt::ControlModifier);
    QCOMPARE(history_->viewStep(), 520);  // balance 0 → 0.02
    QTest::keyClick(view_.get(), Qt::Key_Left, Qt::ControlModifier);
    QCOMPARE(history_->viewStep(), 450);
    QTest::keyClick(view_.get(), Qt::Key_Home);
    QCOMPARE(history_->viewStep(), 1);
    QTest::keyClick(view_.get(), Qt::Key_PageDown);
    QCOMPARE(history_->viewStep(), 101);
    QTest::keyClick(view_.get(), Qt::Key_End);
    QVERIFY(history_->isLive());
    QTest::keyClick(view_.get(), Qt::Key_Right);
    QVERIFY(history_->isLive());
  }

  void flagsSpeakInLabels() {
    KnobSpec balance;
    balance.key = "balance.coefficient";
    balance.label = "Balance loss";
    history_->setKnobs({balance});
    QCOMPARE(view_->flagWords(0), QStringLiteral("Balance loss 0.01 → 0"));
    QCOMPARE(view_->flagWords(1), QStringLiteral("Noise 0 → 0.3"));  // an engine that does not declare it
  }

  void flagsOfExpertsSpeakWords() {
    history_->clear();
    history_->reset(moe::test::sampleInfo({2, 4, 100}));
    history_->add(moe::protocol::EditEvent{10, "experts.revive", "", "L2E4", {}});
    history_->add(moe::protocol::EditEvent{20, "experts.add", "", "1", {}});
    history_->add(moe::protocol::EditEvent{20, "model.experts", "4", "5", {}});
    history_->add(moe::protocol::EditEvent{30, "experts.remove", "", "1", {}});
    QStringList words;
    for (std::size_t i = 0; i < history_->edits().size(); ++i) words << view_->flagWords(i);
    words.removeAll(QString());  // told by the new number of experts
    QCOMPARE(words, (QStringList{"revived L2·E4", "4 → 5 experts", "idlest expert removed"}));
    for (const auto& edit : history_->edits()) QVERIFY(!editWords(*history_, edit).whyNotUndone.isEmpty());
    QVERIFY(editWords(*history_, {1, "router.noise", "0", "1", {}}).whyNotUndone.isEmpty());
    view_->grab();
  }

  void deadNeedsEvidence() {
    // P(X ≤ 0) = 0.001 at a rate of 6.9078: 5 % of a fair share of 138.2.
    QVERIFY(!isStarved(0, 138.0));
    QVERIFY(isStarved(0, 138.3));
    // Exact upper bounds for 1 and 10 events at 99.9 %: 9.2334 and 24.1340 (χ² quantiles / 2).
    QVERIFY(!isStarved(1, 9.231 / 0.05) && isStarved(1, 9.235 / 0.05));
    QVERIFY(!isStarved(10, 24.132 / 0.05) && isStarved(10, 24.136 / 0.05));
    QVERIFY(!isStarved(0, 0));
    QVERIFY(isStarved(0, 1e7) && !isStarved(600'000, 1e7));
  }

  void deadWindowGrowsUntilItCanTell() {
    RunHistory history;
    history.reset(moe::test::sampleInfo({1, 4, 100}));
    const auto step = [](qint64 s, std::vector<std::int64_t> load) {
      moe::protocol::StepReport report;
      report.step = s;
      report.top_k = 1;
      report.layers.resize(1);
      report.layers[0].load = std::move(load);
      return report;
    };
    for (qint64 s = 1; s <= 60; ++s) history.add(step(s, {2, 1, 1, 0}));  // fair share: 1 a step
    Health few = measureHealth(history);
    QCOMPARE(few.dead, 0);
    QVERIFY(!few.enough);
    QCOMPARE(few.window, 60);
    for (qint64 s = 61; s <= 200; ++s) history.add(step(s, {2, 1, 1, 0}));
    const Health many = measureHealth(history);
    QVERIFY(many.enough);
    QCOMPARE(many.window, 139);
    QCOMPARE(many.dead, 1);
    QCOMPARE(many.sentence, QStringLiteral("L1·E4 gets no tokens"));
    history.add(step(201, {2, 1, 1, 0, 0}));  // a new expert is not dead at its first step
    QCOMPARE(measureHealth(history).dead, 0);
    QCOMPARE(measureHealth(history).window, 1);
  }

  void narrowAndEmptyPaint() {
    view_->resize(40, 20);
    view_->grab();
    history_->clear();
    view_->resize(400, 80);
    QVERIFY(!view_->grab().isNull());
    QTest::keyClick(view_.get(), Qt::Key_Left);
    QVERIFY(view_->accessibleName().contains("no run"));
  }

  void healthNamesLayerAndExpert() {
    history_->lookAt(420);  // the collapse of layer 2 onto expert 5
    const Health collapsed = measureHealth(*history_);
    QVERIFY2(collapsed.sentence.startsWith("L2 is collapsing"), qPrintable(collapsed.sentence));
    QVERIFY2(collapsed.sentence.endsWith("E5"), qPrintable(collapsed.sentence));
    QCOMPARE(*collapsed.show, (ExpertRef{1, 4}));
    history_->backToLive();
    const Health end = measureHealth(*history_);
    QCOMPARE(end.dead, 2);
    QCOMPARE(end.sentence, QStringLiteral("L2·E14 and L5·E7 get no tokens"));
    QVERIFY(end.loadCv > 0 && end.loadCv < collapsed.loadCv);
    history_->lookAt(100);
    QVERIFY(measureHealth(*history_).sentence.isEmpty());
  }

 private:
  std::unique_ptr<RunHistory> history_;
  std::unique_ptr<TimelineView> view_;
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstTimeline>(argc, argv); }
#include "tst_timeline.moc"
