// SPDX-License-Identifier: GPL-3.0-or-later
// Colours of values, and where the expert axis and the grid of cells put them.
#include <QPainter>
#include <QTest>
#include <cmath>
#include <limits>

#include "ui/panels/colour_scale.h"
#include "ui/panels/expert_axis.h"
#include "ui/panels/heat_grid.h"
#include "ui/widgets/theme.h"

using namespace moe::ui;

class TestColourScale : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { Theme::instance().apply(*qApp, Theme::Light); }

  void positions_data() {
    QTest::addColumn<double>("ratio");
    QTest::addColumn<double>("position");
    QTest::newRow("fair") << 1.0 << 0.0;
    QTest::newRow("2x") << 2.0 << 1.0 / 3;
    QTest::newRow("1/4x") << 0.25 << -2.0 / 3;
    QTest::newRow("8x") << 8.0 << 1.0;
    QTest::newRow("beyond") << 64.0 << 1.0;
    QTest::newRow("nothing") << 0.0 << -1.0;
    QTest::newRow("absent") << std::numeric_limits<double>::quiet_NaN() << 0.0;
  }
  void positions() {
    QFETCH(double, ratio);
    QFETCH(double, position);
    QVERIFY(std::abs(sharePosition(ratio) - position) < 1e-12);
  }

  void ends_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QColor>("neutral");
    QTest::newRow("light") << false << QColor("#E8EAEB");
    QTest::newRow("dark") << true << QColor("#2A2D30");
  }
  void ends() {
    QFETCH(bool, dark);
    QFETCH(QColor, neutral);
    const ShareScale& scale = ShareScale::of(dark);
    QCOMPARE(QColor(scale.colour(1.0)), neutral);
    QCOMPARE(QColor(scale.colour(8.0)), QColor("#F59322"));
    QCOMPARE(QColor(scale.colour(0.125)), QColor("#0877BD"));
    QCOMPARE(QColor(scale.colour(std::nan(""))), neutral);
  }

  void noiseBandFades() {
    const ShareScale& scale = ShareScale::of(false);
    const double sd = 0.2;  // band 0.6 … 1.4
    const auto away = [&](QRgb c) { return std::abs(qBlue(c) - qBlue(scale.neutral())); };
    const double inside = away(scale.colour(1.39, sd)), full = away(scale.colour(1.39, 0));
    QVERIFY2(std::abs(inside / full - 0.35) < 0.06, qPrintable(QString::number(inside / full)));
    QCOMPARE(scale.colour(1.41, sd), scale.colour(1.41, 0));
  }

  void numbersOnlyWhereTheyMatter() {
    QVERIFY(worthPrinting(1.42, 0.01));
    QVERIFY(!worthPrinting(1.40, 0.01));
    QVERIFY(worthPrinting(0.70, 0.01));
    QVERIFY(!worthPrinting(0.72, 0.01));
    QVERIFY(!worthPrinting(1.5, 0.3));  // inside ±0.6
    QVERIFY(!worthPrinting(0, 0.01));   // dead is a category, not a number
    QVERIFY(!worthPrinting(std::nan(""), 0.01));
  }

  void cividisRises() {
    QCOMPARE(QColor(cividis(0)), QColor("#00224E"));
    QCOMPARE(QColor(cividis(1)), QColor("#FEE838"));
    QCOMPARE(cividis(-3), cividis(0));
    double last = -1;
    for (int i = 0; i < 256; ++i) {
      const double contrast = contrastRatio(QColor(cividis(i / 255.0)), Qt::black);
      QVERIFY2(contrast >= last, qPrintable(QString::number(i)));
      last = contrast;
    }
  }

  void inkIsAlwaysReadable() {
    for (const bool dark : {false, true}) {
      for (int i = -127; i <= 127; ++i) {
        const QColor ground(ShareScale::of(dark).at(i / 127.0));
        QVERIFY2(contrastRatio(ground, inkOn(ground)) >= 4.5, qPrintable(ground.name()));
      }
    }
    QCOMPARE(contrastRatio(Qt::black, Qt::white), 21.0);
  }

  void axis_data() {
    QTest::addColumn<int>("experts");
    QTest::addColumn<double>("width");
    QTest::addColumn<double>("dpr");
    for (const int experts : {1, 2, 8, 16, 64, 128})
      for (const double width : {400.0, 742.0, 753.0})
        for (const double dpr : {1.0, 1.25, 1.5, 2.0})
          QTest::newRow(qPrintable(QStringLiteral("%1@%2x%3").arg(experts).arg(width).arg(dpr)))
              << experts << width << dpr;
  }

  /// Cells tile the axis without overlap on whole device pixels, and every point of a cell finds its expert.
  void axis() {
    QFETCH(int, experts);
    QFETCH(double, width);
    QFETCH(double, dpr);
    const ExpertAxis axis = ExpertAxis::make(width, experts, 1, dpr);
    for (int e = 0; e < experts; ++e) {
      const QRectF cell = axis.cell(e, 0, 10);
      QVERIFY(cell.width() >= 1 / dpr - 1e-9);
      QVERIFY(std::abs(cell.left() * dpr - std::round(cell.left() * dpr)) < 1e-6);
      QCOMPARE(axis.expertAt(cell.center().x()), e);
      QCOMPARE(axis.expertAt(cell.left() + 0.01), e);
      if (e > 0) QVERIFY(cell.left() >= axis.cellRight(e - 1));
    }
    QCOMPARE(axis.expertAt(axis.left - 1), -1);
    QCOMPARE(axis.expertAt(axis.right), -1);
  }

  /// What is painted at the middle of a cell is that cell's own pixel, for all sizes.
  void gridPaintsEachCell_data() { axis_data(); }
  void gridPaintsEachCell() {
    QFETCH(int, experts);
    QFETCH(double, width);
    QFETCH(double, dpr);
    const int rows = 7;
    QImage cells(experts, rows, QImage::Format_RGB32);
    for (int y = 0; y < rows; ++y)
      for (int x = 0; x < experts; ++x) cells.setPixel(x, y, qRgb(x * 255 / experts, y * 30, 77));
    HeatGrid grid;
    grid.setGeometry(ExpertAxis::make(width, experts, 1, dpr), 20, 181.0 / rows, rows);
    QImage target(QSize(static_cast<int>(width * dpr), static_cast<int>(210 * dpr)), QImage::Format_RGB32);
    target.setDevicePixelRatio(dpr);
    target.fill(Qt::white);
    QPainter painter(&target);
    grid.paint(painter, cells);
    painter.end();
    for (int row = 0; row < rows; ++row) {
      for (int e = 0; e < experts; ++e) {
        const QPointF centre = grid.cell(row, e).center() * dpr;
        QCOMPARE(target.pixel(static_cast<int>(centre.x()), static_cast<int>(centre.y())), cells.pixel(e, row));
        QCOMPARE(grid.rowAt(grid.cell(row, e).center().y()), row);
      }
    }
  }
};

QTEST_MAIN(TestColourScale)
#include "tst_colour_scale.moc"
