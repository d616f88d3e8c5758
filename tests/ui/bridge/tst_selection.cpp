// SPDX-License-Identifier: GPL-3.0-or-later
#include <QSignalSpy>
#include <QTest>

#include "ui/bridge/selection.h"

using namespace moe::ui;

class TstSelection : public QObject {
  Q_OBJECT
 private slots:
  void names() { QCOMPARE(expertName({2, 10}), QStringLiteral("L3·E11")); }

  void selectTwiceTellsOnce() {
    Selection s;
    QSignalSpy spy(&s, &Selection::primaryChanged);
    s.select(ExpertRef{1, 2});
    s.select(ExpertRef{1, 2});
    QCOMPARE(spy.count(), 1);
    QCOMPARE(s.layer(), 1);
  }

  void anotherLayerDropsThePrimary() {
    Selection s;
    s.select(ExpertRef{1, 2});
    s.selectLayer(3);
    QVERIFY(!s.primary());
    QCOMPARE(s.layer(), 3);
    s.selectLayer(-1);
    QCOMPARE(s.layer(), 3);
  }

  void ninthPinIsRefusedAndSlotsStay() {
    Selection s;
    QSignalSpy refused(&s, &Selection::pinRefused);
    for (int e = 0; e < 8; ++e) s.togglePin({0, e});
    s.togglePin({0, 8});
    QCOMPARE(refused.count(), 1);
    s.togglePin({0, 3});
    QCOMPARE(s.pinIndex({0, 7}), 7);  // the others keep their hue
    s.togglePin({0, 8});
    QCOMPARE(s.pinIndex({0, 8}), 3);
  }

  void clearForgetsAll() {
    Selection s;
    s.select(ExpertRef{0, 1});
    s.togglePin({0, 1});
    s.selectToken(TokenRef{0, 4});
    s.hover(ExpertRef{0, 2});
    s.clear();
    QVERIFY(!s.primary() && !s.hovered() && !s.token());
    QCOMPARE(s.pinIndex({0, 1}), -1);
  }
};

QTEST_GUILESS_MAIN(TstSelection)
#include "tst_selection.moc"
