// SPDX-License-Identifier: GPL-3.0-or-later
// The model sheet: its rows from two sheets, its table, and what it asks of the engine.
#include <QComboBox>
#include <QTest>

#include "tests/support/sample_run.h"
#include "tests/support/studio_fixture.h"
#include "tests/ui/panels/sample_sheets.h"
#include "ui/bridge/run_controller.h"
#include "ui/bridge/selection.h"
#include "ui/panels/model_sheet_panel.h"
#include "ui/panels/model_sheet_view.h"

using namespace moe::ui;
using moe::test::ourSheet;
using moe::test::publishedSheet;

class TestModelSheetPanel : public QObject {
  Q_OBJECT

  static const SheetRow* find(const std::vector<SheetRow>& rows, const QString& label) {
    for (const SheetRow& row : rows)
      if (row.label == label) return &row;
    return nullptr;
  }

 private slots:
  void figures_data() {
    QTest::addColumn<double>("value");
    QTest::addColumn<QString>("count");
    QTest::addColumn<QString>("flops");
    QTest::newRow("0") << 0.0 << "0"
                       << "0";
    QTest::newRow("812") << 812.0 << "812"
                         << "812";
    QTest::newRow("1230") << 1'230.0 << "1.23 k"
                          << "1.23 k";
    QTest::newRow("46.7e9") << 46'702'792'704.0 << "46.7 B"
                            << "46.7 G";
    QTest::newRow("999.6e6") << 999.6e6 << "1.00 B"
                             << "1.00 G";
    QTest::newRow("1.57e12") << 1.571e12 << "1.57 T"
                             << "1.57 T";
    QTest::newRow("9e16") << 9e16 << "90,000 T"
                          << "90,000 T";
  }
  void figures() {
    QFETCH(double, value);
    QFETCH(QString, count);
    QFETCH(QString, flops);
    QCOMPARE(sheetCount(value), count);
    QCOMPARE(sheetFlops(value), flops);
    QCOMPARE(sheetBytes(70272), QStringLiteral("70.3 kB"));
  }

  void rowsOfTwo() {
    const auto rows = sheetRows(ourSheet(), publishedSheet("deepseek-v3"));
    const SheetRow* experts = find(rows, "Routed experts");
    QVERIFY(experts && experts->kind == SheetRow::Part);
    QCOMPARE(experts->theirs.figure, QStringLiteral("654 B"));
    QVERIFY(experts->theirs.all > 0.97 && experts->theirs.active < 0.04);
    QVERIFY(experts->ours.active < experts->ours.all);
    const SheetRow* shared = find(rows, "Shared experts");
    QVERIFY(shared && shared->ours.figure.isEmpty() && !shared->theirs.figure.isEmpty());
    QCOMPARE(find(rows, "All")->theirs.figure, QStringLiteral("671 B"));
    QCOMPARE(find(rows, "KV cache per token, bf16")->theirs.figure, QStringLiteral("70.3 kB"));
    const SheetRow* claim = find(rows, "FLOPs per token, training");
    QVERIFY(claim && claim->theirs.figure == "250 G" && claim->theirs.note == "+0.2 %");
    QVERIFY(find(rows, "Active parameters")->ours.figure.isEmpty());
  }

  void rowsOfOne() {
    QVERIFY(sheetRows(std::nullopt, std::nullopt).empty());
    const auto ours = sheetRows(ourSheet(), std::nullopt);
    QVERIFY(!find(ours, "As published"));
    for (const SheetRow& row : ours) QVERIFY(row.theirs.figure.isEmpty());
    const auto theirs = sheetRows(std::nullopt, publishedSheet("shazeer-2017"));
    QVERIFY(find(theirs, "LSTM") && !find(theirs, "KV cache per token, bf16"));  // an LSTM keeps none
  }

  void tableHasExactNumbers() {
    RunHistory history;
    RunController controller(history);
    Selection selection;
    ModelSheetPanel panel(controller, selection);
    QVERIFY(panel.table().rows.empty());
    panel.setTheirs(publishedSheet("mixtral"));
    bool found = false;
    for (const QStringList& row : panel.table().rows) {
      QCOMPARE(row.size(), panel.table().columns.size());
      found = found || (row[1] == "parameters" && row[2] == "46702792704" && row[3] == "12879925248");
    }
    QVERIFY(found);
  }

  // The real engine answers for a published system and, once a run is open, for the user's model.
  void asksTheEngine() {
    if (moe::test::realEngine().isEmpty()) QSKIP("moe-cli is not built");
    RunHistory history;
    RunController controller(history);
    Selection selection;
    ModelSheetPanel panel(controller, selection);
    controller.startEngine(moe::test::realEngine());
    panel.QWidget::show();
    QTRY_VERIFY_WITH_TIMEOUT(panel.systems()->count() >= 8, 20'000);
    QCOMPARE(panel.systems()->currentData().toString(), QStringLiteral("mixtral"));
    QTRY_VERIFY(find(panel.view()->rows(), "All"));
    QCOMPARE(find(panel.view()->rows(), "All")->theirs.figure, QStringLiteral("46.7 B"));
    panel.systems()->setCurrentIndex(panel.systems()->findData("olmoe"));
    QTRY_COMPARE(find(panel.view()->rows(), "All")->theirs.figure, QStringLiteral("6.92 B"));
    QVERIFY(find(panel.view()->rows(), "All")->ours.figure.isEmpty());

    NewRunRequest request{QStringLiteral("text-tiny"), {}, {}, false};
    for (const auto& [key, value] : {std::pair{"model.layers", 2},
                                     {"model.width", 16},
                                     {"model.heads", 2},
                                     {"model.kv_heads", 2},
                                     {"model.experts", 4},
                                     {"model.expert_width", 16},
                                     {"model.vocabulary", 320},
                                     {"model.context", 16},
                                     {"train.batch", 2}})
      request.settings[key] = value;
    controller.newRun(request);
    QTRY_VERIFY_WITH_TIMEOUT(history.hasRun(), 30'000);
    QTRY_VERIFY(!find(panel.view()->rows(), "All")->ours.figure.isEmpty());
    QCOMPARE(find(panel.view()->rows(), "All")->ours.figure,
             sheetCount(static_cast<double>(history.info().parameters)));
    const QString two = find(panel.view()->rows(), "Active per token")->ours.figure;
    controller.setKnob(QStringLiteral("router.top_k"), 1);
    QTRY_VERIFY(find(panel.view()->rows(), "Active per token")->ours.figure != two);
    controller.shutDown();
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TestModelSheetPanel>(argc, argv); }
#include "tst_model_sheet_panel.moc"
