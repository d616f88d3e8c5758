// SPDX-License-Identifier: GPL-3.0-or-later
// Contrast of the palette (WCAG 2.1), the figures' formats, equal digit widths, scale.
#include <cmath>
#include <limits>

#include <QFontDatabase>
#include <QFontMetricsF>

#include "tests/support/studio_fixture.h"

using namespace moe::ui;

namespace {

double linear(double channel) {
  return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor& c) {
  return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
}

double contrast(const QColor& a, const QColor& b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

}  // namespace

class TstTheme : public QObject {
  Q_OBJECT
 private slots:
  void contrast_data() {
    QTest::addColumn<Role>("ink");
    QTest::addColumn<Role>("ground");
    QTest::addColumn<double>("least");
    const auto row = [](const char* name, Role ink, Role ground, double least) {
      QTest::newRow(name) << ink << ground << least;
    };
    for (const auto& [name, ground] : {std::pair{"canvas", Role::canvas}, std::pair{"dock", Role::dock}}) {
      row(qPrintable(QString("text on %1").arg(name)), Role::text, ground, 7.0);
      row(qPrintable(QString("text2 on %1").arg(name)), Role::text2, ground, 4.5);
      row(qPrintable(QString("text3 on %1").arg(name)), Role::text3, ground, 4.5);
      row(qPrintable(QString("accent on %1").arg(name)), Role::accent, ground, 4.5);
      row(qPrintable(QString("flag text on %1").arg(name)), Role::flagText, ground, 4.5);
      row(qPrintable(QString("error on %1").arg(name)), Role::error, ground, 4.5);
      // A field's inside is canvas, so 3:1 counts there; on the dock's tint it is a little less.
      row(qPrintable(QString("edge on %1").arg(name)), Role::edge, ground, ground == Role::canvas ? 3.0 : 2.85);
      row(qPrintable(QString("selection on %1").arg(name)), Role::selection, ground, 3.0);
    }
    row("text2 on rail", Role::text2, Role::rail, 4.5);
    row("text2 on sunken", Role::text2, Role::sunken, 4.5);
    row("text on hover", Role::text, Role::hover, 4.5);
    row("flag text on its ground", Role::flagText, Role::flagGround, 4.5);
    row("error on its ground", Role::error, Role::errorGround, 4.5);
    row("accent on wash", Role::accent, Role::accentWash, 4.5);
    row("text on wash", Role::text, Role::accentWash, 4.5);
    row("flag mark", Role::flag, Role::canvas, 3.0);
  }
  void contrast() {
    QFETCH(Role, ink);
    QFETCH(Role, ground);
    QFETCH(double, least);
    auto& app = *static_cast<QApplication*>(QApplication::instance());
    Theme& theme = Theme::instance();
    for (const auto mode : {Theme::Light, Theme::Dark}) {
      theme.apply(app, mode);
      const double found = ::contrast(theme.color(ink), theme.color(ground));
      QVERIFY2(found >= least, qPrintable(QString("%1 in %2").arg(found).arg(mode == Theme::Dark ? "dark" : "light")));
    }
  }

  void whiteOnTheRunButton() {
    auto& app = *static_cast<QApplication*>(QApplication::instance());
    for (const auto mode : {Theme::Light, Theme::Dark}) {
      Theme::instance().apply(app, mode);
      QVERIFY(::contrast(Qt::white, Theme::instance().color(Role::accentFill)) >= 4.5);
    }
  }

  void pinStrokesAreVisible() {
    auto& app = *static_cast<QApplication*>(QApplication::instance());
    for (const auto mode : {Theme::Light, Theme::Dark}) {
      Theme::instance().apply(app, mode);
      for (int i = 0; i < Theme::kPins; ++i)
        QVERIFY2(::contrast(Theme::instance().pinStroke(i), Theme::instance().color(Role::canvas)) >= 3.0,
                 qPrintable(QString::number(i)));
    }
    QSet<QString> shapes;
    for (int i = 0; i < Theme::kPins; ++i) shapes << Theme::pinShape(i);
    QCOMPARE(shapes.size(), Theme::kPins);
  }

  void digitsAreEquallyWide() {
    if (!QFontDatabase::families().contains("MoE Sans")) QSKIP("the interface font was not built");
    const QFontMetricsF metrics(Theme::instance().font(Type::tick11));
    QCOMPARE(metrics.horizontalAdvance("1111"), metrics.horizontalAdvance("8888"));
  }

  void scaleIsClamped() {
    Theme& theme = Theme::instance();
    theme.setScale(9);
    QCOMPARE(theme.scale(), 2.5);
    QCOMPARE(theme.px(10), 25);
    QCOMPARE(theme.font(Type::control13).pixelSize(), 33);
    theme.setScale(std::numeric_limits<double>::quiet_NaN());
    QCOMPARE(theme.scale(), 1.0);
    QCOMPARE(theme.px(0.2), 1);
  }

  void figures_data() {
    QTest::addColumn<QString>("found");
    QTest::addColumn<QString>("wanted");
    const double nan = std::numeric_limits<double>::quiet_NaN();
    QTest::newRow("count") << formatCount(12480) << "12,480";
    QTest::newRow("count small") << formatCount(999) << "999";
    QTest::newRow("count lowest") << formatCount(std::numeric_limits<qint64>::min())
                                  << QStringLiteral("−9,223,372,036,854,775,808");
    QTest::newRow("short") << formatShort(41'400) << "41.4 k";
    QTest::newRow("short million") << formatShort(1.2e6) << "1.2 M";
    QTest::newRow("short edge") << formatShort(999.7) << "1.0 k";
    QTest::newRow("short unit") << formatShort(3.14159) << "3.14";
    QTest::newRow("short nan") << formatShort(nan) << QStringLiteral("–");
    QTest::newRow("fixed minus") << formatFixed(-0.003, 3) << QStringLiteral("−0.003");
    QTest::newRow("fixed minus zero") << formatFixed(-0.0001, 2) << "0.00";
    QTest::newRow("fixed groups") << formatFixed(1234567.25, 1) << "1,234,567.2";
    QTest::newRow("fixed inf") << formatFixed(std::numeric_limits<double>::infinity(), 1) << QStringLiteral("–");
    QTest::newRow("ratio") << formatRatio(2.414) << QStringLiteral("2.41×");
    QTest::newRow("ratio nan") << formatRatio(nan) << QStringLiteral("–");
    QTest::newRow("percent") << formatPercent(0.1514) << "15.1 %";
    QTest::newRow("seconds") << formatDuration(4.26) << "4.3 s";
    QTest::newRow("minutes") << formatDuration(372) << "6 min 12 s";
    QTest::newRow("hours") << formatDuration(7500) << "2 h 05 min";
    QTest::newRow("days") << formatDuration(100'000) << "1 d 3 h";
    QTest::newRow("never") << formatDuration(-1) << QStringLiteral("–");
  }
  void figures() {
    QFETCH(QString, found);
    QFETCH(QString, wanted);
    QCOMPARE(found, wanted);
  }
};

QTEST_MAIN(TstTheme)
#include "tst_theme.moc"
