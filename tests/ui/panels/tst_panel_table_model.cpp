// SPDX-License-Identifier: GPL-3.0-or-later
#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QSortFilterProxyModel>
#include <QTest>

#include "ui/models/panel_table_model.h"

using namespace moe::ui;

class TestPanelTableModel : public QObject {
  Q_OBJECT
  static std::vector<QStringList> rows(const QStringList& cells) {
    std::vector<QStringList> out;
    for (const QString& cell : cells) out.push_back({cell});
    return out;
  }

 private slots:
  void model() {
    PanelTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QCOMPARE(model.rowCount(), 0);
    model.setTable({"layer", "load_cv"}, {{"1", "0.5"}, {"2", "10"}, {"3", ""}});
    QCOMPARE(model.rowCount(), 3);
    QCOMPARE(model.columnCount(), 2);
    QCOMPARE(model.headerData(1, Qt::Horizontal).toString(), QStringLiteral("load cv"));
    QCOMPARE(model.data(model.index(1, 1)).toString(), QStringLiteral("10"));
    QCOMPARE(model.data(model.index(1, 1), Qt::EditRole).toDouble(), 10.0);
    QVERIFY(!model.data(model.index(9, 9)).isValid());
    QSortFilterProxyModel sorted;
    sorted.setSourceModel(&model);
    sorted.setSortRole(Qt::EditRole);
    sorted.sort(1, Qt::DescendingOrder);
    QCOMPARE(sorted.index(0, 0).data().toString(), QStringLiteral("2"));  // 10 before 0.5
  }

  void onlyChangedRowsAreAnnounced() {
    PanelTableModel model;
    model.setTable({"a"}, rows({"1", "2", "3"}));
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged), reset(&model, &QAbstractItemModel::modelReset);
    model.setTable({"a"}, rows({"1", "5", "3"}));
    QCOMPARE(changed.size(), 1);
    QCOMPARE(changed[0][0].toModelIndex().row(), 1);
    QCOMPARE(reset.size(), 0);
    model.setTable({"a"}, rows({"1"}));
    QCOMPARE(reset.size(), 1);
  }

  void raggedRows() {
    PanelTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.setTable({"a", "b"}, {QStringList{"1"}, QStringList{}});
    QCOMPARE(model.data(model.index(1, 1)).toString(), QString());
  }
};

QTEST_GUILESS_MAIN(TestPanelTableModel)
#include "tst_panel_table_model.moc"
