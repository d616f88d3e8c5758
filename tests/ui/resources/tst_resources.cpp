// SPDX-License-Identifier: GPL-3.0-or-later
// The embedded fonts as the studio uses them: digits stand still, and every sign it prints has a glyph.
#include <QFile>
#include <QFontDatabase>
#include <QFontMetricsF>
#include <QRawFont>
#include <QSvgRenderer>
#include <QtTest>

#include "resources/resources.h"

namespace {

QFont font(const char* family, int pixels, QFont::Weight weight) {
  QFont f(QString::fromLatin1(family));
  f.setPixelSize(pixels);
  f.setWeight(weight);
  return f;
}

}  // namespace

class TestResources : public QObject {
  Q_OBJECT

 private slots:
  void initTestCase() {
    if (!MOE_HAS_FONTS) QSKIP("the build found no font packages");
    QCOMPARE(moe::ui::loadInterfaceFonts(), QStringList({moe::ui::codeFontFamily, moe::ui::interfaceFontFamily}));
  }

  void hasThreeWeights() {
    QStringList styles = QFontDatabase::styles(moe::ui::interfaceFontFamily);
    styles.sort();
    QCOMPARE(styles, QStringList({"Medium", "Regular", "SemiBold"}));
    for (const auto weight : {QFont::Normal, QFont::Medium, QFont::DemiBold}) {
      const QRawFont raw = QRawFont::fromFont(font(moe::ui::interfaceFontFamily, 13, weight));
      QCOMPARE(raw.familyName(), QString(moe::ui::interfaceFontFamily));
      QCOMPARE(raw.weight(), int(weight));
    }
  }

  void digitsAreEquallyWide_data() {
    QTest::addColumn<int>("pixels");
    QTest::addColumn<int>("weight");
    for (const int pixels : {11, 12, 13, 20, 28}) {
      for (const auto weight : {QFont::Normal, QFont::Medium, QFont::DemiBold}) {
        QTest::addRow("%d px, weight %d", pixels, int(weight)) << pixels << int(weight);
      }
    }
  }
  void digitsAreEquallyWide() {
    QFETCH(int, pixels);
    QFETCH(int, weight);
    const QFontMetricsF metrics(font(moe::ui::interfaceFontFamily, pixels, QFont::Weight(weight)));
    const double width = metrics.horizontalAdvance(QStringLiteral("8888"));
    QVERIFY(width > pixels);
    for (const QChar digit : QStringLiteral("0123456789")) {
      QCOMPARE(metrics.horizontalAdvance(QString(4, digit)), width);
    }
    // Proportional letters must remain proportional: otherwise a fallback font has answered.
    QVERIFY(metrics.horizontalAdvance(QStringLiteral("iiii")) < metrics.horizontalAdvance(QStringLiteral("mmmm")));
  }

  void codeFontHasNoLigatures() {
    const QFontMetricsF metrics(font(moe::ui::codeFontFamily, 13, QFont::Normal));
    const double cell = metrics.horizontalAdvance(QLatin1Char('m'));
    QCOMPARE(metrics.horizontalAdvance(QLatin1Char('i')), cell);
    const QRawFont raw = QRawFont::fromFont(font(moe::ui::codeFontFamily, 13, QFont::Normal));
    const QByteArray features = raw.fontTable("GSUB");
    QVERIFY(!features.isEmpty());
    for (const char* tag : {"calt", "liga", "dlig"}) QVERIFY2(!features.contains(tag), tag);
  }

  void hasEverySign_data() {
    QTest::addColumn<QString>("family");
    for (const char* family : {moe::ui::interfaceFontFamily, moe::ui::codeFontFamily}) {
      QTest::newRow(family) << QString::fromLatin1(family);
    }
  }
  void hasEverySign() {
    QFETCH(QString, family);
    const QRawFont raw = QRawFont::fromFont(QFont(family));
    QCOMPARE(raw.familyName(), family);
    for (const QChar sign : QStringLiteral("−→≈×±·…●▲■◆äßЖλ")) {
      QVERIFY2(raw.supportsCharacter(sign), qPrintable(QString(sign)));
    }
  }

  void carriesItsLicence() {
    // The name table holds copyright and licence (UTF-16BE), as the Open Font License asks.
    const QByteArray names = QRawFont::fromFont(QFont(moe::ui::interfaceFontFamily)).fontTable("name");
    const auto utf16 = [](QStringView text) {
      QByteArray bytes;
      for (const QChar c : text) bytes.append(char(c.row())).append(char(c.cell()));
      return bytes;
    };
    QVERIFY(names.contains(utf16(u"Inter Project Authors")));
    QVERIFY(names.contains(utf16(u"SIL Open Font License")));
  }

  void hasAppIcon() {
    QVERIFY(QFile::exists(moe::ui::appIconPath));
    QSvgRenderer icon(QString::fromLatin1(moe::ui::appIconPath));
    QVERIFY(icon.isValid());
    QCOMPARE(icon.defaultSize(), QSize(128, 128));
  }
};

QTEST_MAIN(TestResources)
#include "tst_resources.moc"
