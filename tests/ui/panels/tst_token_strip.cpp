// SPDX-License-Identifier: GPL-3.0-or-later
// Token strip: layout, who holds a token, keys and mouse, colours, long texts.
#include <QComboBox>
#include <QElapsedTimer>
#include <QScrollBar>
#include <QTest>
#include <cmath>

#include "tests/support/paint_counter.h"
#include "tests/support/sample_run.h"
#include "ui/panels/colour_scale.h"
#include "ui/panels/token_strip_panel.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

namespace {
/// Two tokens, two layers, three experts, top-2.
std::shared_ptr<moe::protocol::Trace> handTrace() {
  auto trace = std::make_shared<moe::protocol::Trace>();
  trace->title = "code";
  trace->layers = 2;
  trace->experts = 3;
  trace->top_k = 2;
  trace->pieces = {"if", " x\n"};
  trace->ids = {1, 2};
  trace->token_loss = {0.42, std::nan("")};
  trace->experts_of = {0, 1, /**/ 2, 0, /* layer 2 */ 1, 2, /**/ 0, -1};
  trace->weights = {0.7f, 0.3f, 0.6f, 0.4f, 0.9f, 0.1f, 1.0f, 0.0f};
  trace->probabilities = {0.5f, 0.25f, 0.25f, 0.25f, 0.25f, 0.5f, 0, 1, 0, 1 / 3.f, 1 / 3.f, 1 / 3.f};
  return trace;
}
}  // namespace

class TestTokenStrip : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  // Texts change with a probe: the steps between leave the strip as it is painted.
  void stepsWithoutAProbePaintNothing() {
    const moe::test::SampleShape shape{2, 4, 100};
    RunHistory history;
    moe::test::fillSampleRun(history, shape);
    Selection selection;
    selection.select(ExpertRef{0, 1});
    TokenStripPanel panel(history, selection);
    panel.resize(700, 200);
    panel.show();
    QTest::qWait(50);
    moe::test::PaintCounter text, chrome;
    panel.view()->viewport()->installEventFilter(&text);
    panel.installEventFilter(&chrome);
    for (int step = 101; step <= 105; ++step) {
      history.add(moe::test::sampleStep(shape, step));
      history.flush();
      QTest::qWait(5);
    }
    QCOMPARE(text.paints, 0);
    QCOMPARE(chrome.paints, 0);
    selection.select(ExpertRef{1, 2});
    QTRY_VERIFY(text.paints > 0);
  }

  void ranks() {
    const auto trace = handTrace();
    QCOMPARE(rankOf(*trace, 0, 0, 0), 0);
    QCOMPARE(rankOf(*trace, 0, 0, 1), 1);
    QCOMPARE(rankOf(*trace, 0, 0, 2), -1);
    QCOMPARE(rankOf(*trace, 1, 1, 0), 0);
    QCOMPARE(rankOf(*trace, 2, 0, 0), -1);
    QCOMPARE(rankOf(*trace, 0, 9, 0), -1);
  }

  void doubt() {
    const auto trace = handTrace();
    // H(½, ¼, ¼) = 1.5 ln 2
    QVERIFY(std::abs(routerDoubt(*trace, 0, 0) - 1.5 * std::log(2) / std::log(3)) < 1e-6);
    QCOMPARE(routerDoubt(*trace, 1, 0), 0.0);
    QVERIFY(std::abs(routerDoubt(*trace, 1, 1) - 1) < 1e-6);
    trace->probabilities.clear();
    QVERIFY(std::isnan(routerDoubt(*trace, 0, 0)));
  }

  void sentences() {
    const auto trace = handTrace();
    QCOMPARE(tokenSentence(*trace, 0, 0), QStringLiteral("‘if’ · loss 0.42 · L1: E1 0.70, E2 0.30"));
    QCOMPARE(tokenSentence(*trace, 1, 1), QStringLiteral("‘·x↵’ · L2: E1 1.00"));
  }

  void layoutBreaksAndWraps() {
    auto trace = std::make_shared<moe::protocol::Trace>();
    for (int i = 0; i < 100; ++i) trace->pieces.push_back(i % 10 == 9 ? "\n" : " word");
    TokenLayout layout;
    layout.setStrips({{0, trace}, {1, trace}});
    TokenLayout::Style style;
    style.font = Theme::instance().mono(12.5);
    layout.layOut(700, style);
    QCOMPARE(int(layout.blocks().size()), 2);
    QVERIFY(layout.blocks()[1].x > layout.blocks()[0].x);  // side by side
    QCOMPARE(layout.blocks()[0].y, layout.blocks()[1].y);
    int seen = 0;
    for (const auto& row : layout.rows()) {
      if (row.block != 0) continue;
      QCOMPARE(row.first, seen);
      seen += row.count;
      const QRectF last = layout.box(row, row.first + row.count - 1);
      QVERIFY(last.right() <= layout.blocks()[0].x + layout.blocks()[0].width + 0.01);
      for (int t = row.first; t < row.first + row.count; ++t) {
        QCOMPARE(layout.at(layout.box(row, t).center()), (std::pair<int, int>(0, t)));
        QCOMPARE(layout.rowOf(0, t), int(&row - layout.rows().data()));
      }
    }
    QCOMPARE(seen, 100);
    layout.layOut(300, style);
    QVERIFY(layout.blocks()[1].y > layout.blocks()[0].y);  // one column
  }

  void mouseKeysAndFilter() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 100});
    TokenStripPanel panel(history, selection);
    panel.resize(774, 170);
    panel.show();
    QVERIFY(QTest::qWaitForWindowExposed(&panel));
    TokenStripView* view = panel.view();
    const QPoint at = view->tokenBox({0, 3}).center().toPoint();
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, at);
    QCOMPARE(selection.token(), std::optional(TokenRef{0, 3}));
    view->setFocus();
    QTest::keyClick(view, Qt::Key_Right);
    QCOMPARE(selection.token(), std::optional(TokenRef{0, 4}));
    QVERIFY(!view->accessibleName().isEmpty());
    QTest::keyClick(view, Qt::Key_Down);
    const TokenRef below = *selection.token();
    QVERIFY(view->tokenBox(below).top() > view->tokenBox({0, 4}).top());
    QTest::keyClick(view, Qt::Key_Up);
    QCOMPARE(selection.token()->strip, 0);
    // Past the last token of a strip comes the next strip.
    const int last = view->traceOf({0, 0})->tokens() - 1;
    selection.selectToken(TokenRef{0, last});
    QTest::keyClick(view, Qt::Key_Right);
    QCOMPARE(selection.token(), std::optional(TokenRef{1, 0}));
    QTest::keyClick(view, Qt::Key_Left);
    QCOMPARE(selection.token(), std::optional(TokenRef{0, last}));

    QCOMPARE(int(view->tokenLayout().strips().size()), 8);
    panel.setDomain(4);
    QCOMPARE(int(view->tokenLayout().strips().size()), 1);
    QCOMPARE(view->tokenLayout().strips()[0].trace->title, std::string("code"));
    history.setOwnTrace(
        std::make_shared<moe::protocol::Trace>(moe::test::sampleTrace({6, 16, 100}, "def mine", "your text", -1)));
    history.flush();
    panel.setDomain(TokenStripPanel::kOwnText);
    QCOMPARE(view->tokenLayout().strips()[0].number, -1);
    const auto* domains = panel.findChildren<QComboBox*>().value(0);
    QCOMPARE(domains->currentText(), QStringLiteral("my text"));
    QVERIFY(!panel.table().rows.empty());
  }

  /// First choice: 17 % wash and a foot; second choice: foot only; another token: neither.
  void holdersArePainted() {
    Selection selection;
    TokenStripView view(selection);
    view.resize(300, 100);
    view.show();
    const auto trace = handTrace();
    view.setStrips({{0, trace}});
    selection.select(ExpertRef{0, 0});
    QImage image = view.viewport()->grab().toImage().convertToFormat(QImage::Format_RGB32);
    const auto background = [&](int token) {
      const QRectF box = view.tokenBox({0, token});
      return image.pixelColor(static_cast<int>(box.left()) + 1, static_cast<int>(box.top()) + 3);
    };
    const auto foot = [&](int token) {
      const QRectF box = view.tokenBox({0, token});
      bool accent = false;
      for (int y = static_cast<int>(box.center().y()); y < box.bottom(); ++y)
        accent =
            accent || image.pixelColor(static_cast<int>(box.center().x()), y) == Theme::instance().color(Role::accent);
      return accent;
    };
    QVERIFY(background(0) != Theme::instance().color(Role::canvas));
    QVERIFY(foot(0));
    QCOMPARE(background(1), Theme::instance().color(Role::canvas));
    QVERIFY(foot(1));
    selection.select(ExpertRef{1, 2});
    image = view.viewport()->grab().toImage().convertToFormat(QImage::Format_RGB32);
    QVERIFY(foot(0));  // second choice in layer 2
    QVERIFY(!foot(1));
    view.setColours(TokenColours::loss);
    image = view.viewport()->grab().toImage().convertToFormat(QImage::Format_RGB32);
    QCOMPARE(background(0), QColor(cividis(0.42 / 6)));
    QCOMPARE(background(1), Theme::instance().color(Role::canvas));  // the last token has no loss
  }

  void fiftyThousandTokensScroll() {
    const moe::test::SampleShape shape{2, 8, 10};
    QString text;
    while (text.size() < 200'000) text += QStringLiteral("while left and right:\n    out.append(src.pop(0))\n");
    auto trace = std::make_shared<moe::protocol::Trace>(moe::test::sampleTrace(shape, text.left(190'000), "long", 0));
    QVERIFY2(trace->tokens() > 50'000, qPrintable(QString::number(trace->tokens())));
    Selection selection;
    selection.select(ExpertRef{0, 1});
    TokenStripView view(selection);
    view.resize(742, 400);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    QElapsedTimer timer;
    timer.start();
    view.setStrips({{0, trace}});
    const qint64 laidOut = timer.restart();
    constexpr int kFrames = 30;
    for (int i = 0; i < kFrames; ++i) {
      view.verticalScrollBar()->setValue(view.verticalScrollBar()->maximum() * i / kFrames);
      view.viewport()->repaint();
    }
    const double frame = static_cast<double>(timer.nsecsElapsed()) / 1e6 / kFrames;
    QVERIFY(view.verticalScrollBar()->maximum() > 20'000);
    qInfo("layout of %d tokens %lld ms, %.2f ms per frame", trace->tokens(), static_cast<long long>(laidOut), frame);
    QVERIFY2(frame < 33, "slower than 30 frames a second");
  }

  void legendAndLarge() {
    RunHistory history;
    Selection selection;
    moe::test::fillSampleRun(history, {6, 16, 100});
    selection.select(ExpertRef{2, 10});
    TokenStripPanel panel(history, selection);
    panel.resize(774, 300);
    panel.show();
    const double before = panel.view()->tokenLayout().style().rowHeight;
    panel.setLarge(true);
    QVERIFY(panel.view()->tokenLayout().style().rowHeight > before);
    QVERIFY(panel.findChild<HolderShares*>()->isVisible());
    QVERIFY(panel.findChild<HolderShares*>()->sizeHint().width() > 40);
  }

  void emptyState() {
    RunHistory history;
    Selection selection;
    TokenStripPanel panel(history, selection);
    panel.resize(774, 170);
    panel.show();
    panel.grab();
    panel.view()->setFocus();
    QTest::keyClick(panel.view(), Qt::Key_Right);
    QVERIFY(!selection.token());
  }
};

QTEST_MAIN(TestTokenStrip)
#include "tst_token_strip.moc"
