// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSignalSpy>

#include "tests/support/sample_run.h"
#include "tests/support/studio_fixture.h"
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
    view_->setLabels({{"balance.coefficient", "Balance"}});
    QCOMPARE(view_->flagWords(0), QStringLiteral("Balance 0.01 → 0"));
    QCOMPARE(view_->flagWords(1), QStringLiteral("router.noise 0 → 0.3"));
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
