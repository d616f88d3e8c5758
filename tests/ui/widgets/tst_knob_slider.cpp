// SPDX-License-Identifier: GPL-3.0-or-later
#include <QLineEdit>
#include <QMouseEvent>
#include <QSignalSpy>
#include <cmath>

#include "tests/support/studio_fixture.h"
#include "ui/widgets/knob_field.h"
#include "ui/widgets/knob_row.h"
#include "ui/widgets/knob_slider.h"

using namespace moe::ui;

namespace {

KnobSpec balance() {
  KnobSpec spec;
  spec.key = "balance.coefficient";
  spec.label = "Balance";
  spec.maximum = 100;
  spec.sliderMinimum = 1e-4;
  spec.sliderMaximum = 1;
  spec.logScale = true;
  spec.fallback = 0.01;
  return spec;
}

KnobSpec warmup() {
  KnobSpec spec;
  spec.key = "optim.warmup";
  spec.label = "Warm-up";
  spec.kind = KnobSpec::Integer;
  spec.maximum = 1e9;
  spec.sliderMaximum = 2000;
  spec.fallback = 100;
  return spec;
}

}  // namespace

class TstKnobSlider : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void logScaleWithZeroAtTheLeft() {
    KnobSlider slider(balance());
    QCOMPARE(slider.valueAt(0), 0.0);
    QCOMPARE(slider.valueAt(1), 1.0);
    QCOMPARE(slider.position(0), 0.0);
    QVERIFY(slider.position(1e-4) > 0);
    for (const double value : {1e-4, 0.0023, 0.01, 0.5, 1.0}) QCOMPARE(slider.valueAt(slider.position(value)), value);
    QCOMPARE(slider.position(std::nan("")), 0.0);
    QCOMPARE(slider.position(50), 1.0);  // beyond the comfortable range: at the end
  }

  void dragSharesOneSession() {
    KnobSlider slider(balance());
    slider.resize(200, 20);
    slider.setKnobValue(0.01);
    QSignalSpy spy(&slider, &KnobSlider::edited);
    const QPoint start(static_cast<int>(7 + slider.position(0.01) * 186), 9);
    QTest::mousePress(&slider, Qt::LeftButton, {}, start);
    QVERIFY(slider.isDragging());
    for (int dx = 5; dx <= 40; dx += 5) {
      QMouseEvent move(QEvent::MouseMove, QPointF(start + QPoint(dx, 0)), QPointF(start + QPoint(dx, 0)), Qt::NoButton,
                       Qt::LeftButton, Qt::NoModifier);
      QApplication::sendEvent(&slider, &move);
    }
    QTest::mouseRelease(&slider, Qt::LeftButton, {}, start + QPoint(40, 0));
    QVERIFY(spy.count() > 3);
    QVERIFY(spy.last()[0].toDouble() > 0.01);
    QCOMPARE(spy.first()[1].toInt(), spy.last()[1].toInt());
    QTest::mousePress(&slider, Qt::LeftButton, {}, QPoint(20, 9));
    QTest::mouseRelease(&slider, Qt::LeftButton, {}, QPoint(20, 9));
    QVERIFY(spy.last()[1].toInt() != spy.first()[1].toInt());
  }

  void doubleClickIsTheDefault() {
    KnobSlider slider(balance());
    slider.resize(200, 20);
    slider.setKnobValue(0.7);
    QTest::mouseDClick(&slider, Qt::LeftButton, {}, QPoint(100, 9));
    QCOMPARE(slider.knobValue(), 0.01);
  }

  void everyKeyMoves() {
    KnobSlider slider(warmup());
    slider.setKnobValue(100);
    QTest::keyClick(&slider, Qt::Key_Right);
    QCOMPARE(slider.knobValue(), 101.0);
    QTest::keyClick(&slider, Qt::Key_Left);
    QCOMPARE(slider.knobValue(), 100.0);
    QTest::keyClick(&slider, Qt::Key_End);
    QCOMPARE(slider.knobValue(), 2000.0);
    QTest::keyClick(&slider, Qt::Key_Home);
    QCOMPARE(slider.knobValue(), 0.0);
    KnobSlider log(balance());
    log.setKnobValue(0.01);
    for (int i = 0; i < 5; ++i) {
      const double before = log.knobValue();
      QTest::keyClick(&log, Qt::Key_Up);
      QVERIFY(log.knobValue() > before);
    }
  }

  void wheelOnlyWhenFocused() {
    KnobSlider slider(balance());
    slider.setKnobValue(0.01);
    QWheelEvent wheel(QPointF(20, 9), QPointF(20, 9), {}, QPoint(0, 120), Qt::NoButton, Qt::NoModifier,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&slider, &wheel);
    QCOMPARE(slider.knobValue(), 0.01);
  }

  void refusedTextStaysWithItsReason() {
    KnobRow row(balance());
    row.setValue(0.01);
    row.show();
    auto* line = row.findChild<QLineEdit*>();
    line->setFocus();
    line->selectAll();
    QTest::keyClicks(line, "abc");
    QTest::keyClick(line, Qt::Key_Return);
    QVERIFY(row.hasRefusal());
    QVERIFY(row.note().contains("abc"));
    row.setValue(0.01);  // an update from the engine must not wipe what was typed
    QCOMPARE(line->text(), QStringLiteral("abc"));
    QSignalSpy spy(&row, &KnobRow::edited);
    line->selectAll();
    QTest::keyClicks(line, "0.5");
    QTest::keyClick(line, Qt::Key_Return);
    QCOMPARE(spy.count(), 1);
    QVERIFY(!row.hasRefusal());
  }

  void editLineSpeaksAsTheDesignSays() {
    KnobRow row(balance());
    row.show();
    row.showEdit("0", "0.02", 6900);
    QCOMPARE(row.note(), QStringLiteral("0 → 0.02 at step 6,900"));
    QSignalSpy undo(&row, &KnobRow::undoRequested);
    for (auto* button : row.findChildren<QAbstractButton*>())
      if (button->accessibleName().startsWith("Undo")) QTest::mouseClick(button, Qt::LeftButton);
    QCOMPARE(undo.count(), 1);
    row.clearEdit();
    QVERIFY(row.note().isEmpty());
  }

  void fieldTexts() {
    QCOMPARE(knobText(balance(), 0.02), QStringLiteral("0.02"));
    QCOMPARE(knobText(balance(), 3e-4), QStringLiteral("3.0e-4"));
    QCOMPARE(knobText(warmup(), 1024), QStringLiteral("1,024"));
    KnobSpec choice;
    choice.kind = KnobSpec::Choice;
    QCOMPARE(knobText(choice, "softmax_top_k"), QStringLiteral("softmax top k"));
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstKnobSlider>(argc, argv); }
#include "tst_knob_slider.moc"
