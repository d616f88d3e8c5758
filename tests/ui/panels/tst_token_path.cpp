// SPDX-License-Identifier: GPL-3.0-or-later
// Path of a token: choices read from a trace, geometry, words, absent probabilities.
#include <QTest>
#include <cmath>

#include "tests/support/sample_run.h"
#include "ui/panels/token_path_panel.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

class TestTokenPath : public QObject {
  Q_OBJECT
  static moe::protocol::Trace hand() {
    moe::protocol::Trace trace;
    trace.layers = 2;
    trace.experts = 4;
    trace.top_k = 2;
    trace.pieces = {"return", " out"};
    trace.token_loss = {0.42, std::nan("")};
    trace.experts_of = {3, 1, 0, 1, /* layer 2 */ 2, -1, 0, 1};
    trace.weights = {0.71f, 0.29f, 0.5f, 0.5f, 1, 0, 0.5f, 0.5f};
    trace.probabilities = {0.1f, 0.2f, 0.1f, 0.6f, 0.4f, 0.4f, 0.1f, 0.1f, 0, 0.3f, 0.7f, 0, 0.4f, 0.4f, 0.1f, 0.1f};
    trace.predicted = {" out", " left", " x", "", "", ""};
    trace.predicted_share = {0.66f, 0.21f, 0.1f, 0, 0, 0};
    return trace;
  }

 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void choices() {
    const auto layers = choicesOf(hand(), 0);
    QCOMPARE(int(layers.size()), 2);
    QCOMPARE(layers[0].picks[0].expert, 3);
    QVERIFY(std::abs(layers[0].picks[0].weight - 0.71) < 1e-6);
    QCOMPARE(int(layers[1].picks.size()), 1);  // −1 = no second expert
    QCOMPARE(layers[1].next, 1);
    QVERIFY(layers[0].next == 0 || layers[0].next == 2);
    QVERIFY(choicesOf(hand(), 2).empty());
    auto silent = hand();
    silent.probabilities.clear();
    QCOMPARE(choicesOf(silent, 0)[0].next, -1);
  }

  void wordsAndGeometry() {
    RunHistory history;
    Selection selection;
    history.reset(moe::test::sampleInfo({2, 4, 10}));
    history.setOwnTrace(std::make_shared<moe::protocol::Trace>(hand()));
    history.flush();
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    QVERIFY(panel.summary().isEmpty());
    selection.selectToken(TokenRef{-1, 0});
    QCOMPARE(panel.summary(),
             QStringLiteral("‘return’ · token 1 of 2 · loss 0.42 · next token: ‘·out’ 66 %, ‘·left’ 21 %"));
    QCOMPARE(panel.view()->accessibleName(), panel.summary());
    // The dot lies where the weights balance.
    const QPointF dot = panel.view()->residual(0);
    const double wanted = 0.71 * panel.view()->cell(0, 3).center().x() + 0.29 * panel.view()->cell(0, 1).center().x();
    QVERIFY(std::abs(dot.x() - wanted) < 0.01);
    QVERIFY(dot.y() > panel.view()->cell(0, 0).bottom() && dot.y() < panel.view()->cell(1, 0).top());
    QTest::mouseClick(panel.view(), Qt::LeftButton, {}, panel.view()->cell(1, 2).center().toPoint());
    QCOMPARE(selection.primary(), std::optional(ExpertRef{1, 2}));
    const PanelTable table = panel.table();
    QCOMPARE(int(table.rows.size()), 8);
    QCOMPARE(table.rows[3][table.columns.indexOf("rank")], QStringLiteral("1"));
  }

  void keyboardCursor() {
    RunHistory history;
    Selection selection;
    history.reset(moe::test::sampleInfo({2, 4, 10}));
    history.setOwnTrace(std::make_shared<moe::protocol::Trace>(hand()));
    history.flush();
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    selection.selectToken(TokenRef{-1, 0});
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    panel.activateWindow();
    TokenPathView* view = panel.view();
    QVERIFY(view->focusPolicy() & Qt::TabFocus);
    view->setFocus();
    QTRY_VERIFY(view->hasFocus());
    QCOMPARE(view->accessibleName(), QStringLiteral("Layer 1 · Expert 1: probability 10.0 %, not chosen"));
    QTest::keyClick(view, Qt::Key_End);
    QCOMPARE(view->accessibleName(),
             QStringLiteral("Layer 1 · Expert 4: probability 60.0 %, first choice, weight 0.71"));
    QTest::keyClick(view, Qt::Key_Down);
    QTest::keyClick(view, Qt::Key_Down);  // no third layer
    QTest::keyClick(view, Qt::Key_Left);
    QCOMPARE(view->cursor(), (ExpertRef{1, 2}));
    QTest::keyClick(view, Qt::Key_P);
    QCOMPARE(selection.pinIndex({1, 2}), 0);
    QTest::keyClick(view, Qt::Key_Return);
    QCOMPARE(selection.primary(), std::optional(ExpertRef{1, 2}));
    const QImage with = view->grab().toImage();
    view->clearFocus();
    QCOMPARE(view->accessibleName(), panel.summary());
    QVERIFY(with != view->grab().toImage());  // the cursor is to be seen
  }

  void cursorScrollsIntoView() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {24, 8, 10});
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    selection.selectToken(TokenRef{4, 3});
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    for (int i = 0; i < 23; ++i) QTest::keyClick(panel.view(), Qt::Key_Down);
    QCOMPARE(panel.view()->cursor().layer, 23);
    const QRect seen = panel.view()->visibleRegion().boundingRect();
    QVERIFY(seen.contains(panel.view()->cell(23, 0).toAlignedRect()));
  }

  void withoutProbabilities() {
    RunHistory history;
    Selection selection;
    history.reset(moe::test::sampleInfo({2, 4, 10}));
    auto silent = hand();
    silent.probabilities.clear();
    history.setOwnTrace(std::make_shared<moe::protocol::Trace>(silent));
    history.flush();
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    selection.selectToken(TokenRef{-1, 0});
    QVERIFY(panel.summary().endsWith("router probabilities were not sent: weights only"));
    panel.grab();
    QCOMPARE(int(panel.table().rows.size()), 3);
  }

  void deepModelsScroll() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {24, 8, 10});
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    selection.selectToken(TokenRef{4, 3});
    qApp->processEvents();
    QVERIFY(panel.view()->height() > panel.height());
    QVERIFY(panel.view()->cell(23, 0).bottom() <= panel.view()->height());
  }

  void tokenThatIsGone() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {2, 4, 10});
    TokenPathPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    for (const TokenRef ref : {TokenRef{99, 0}, TokenRef{0, 100'000}, TokenRef{-1, 0}}) {
      selection.selectToken(ref);
      panel.grab();
      QVERIFY(panel.summary().isEmpty());
    }
  }
};

QTEST_MAIN(TestTokenPath)
#include "tst_token_path.moc"
