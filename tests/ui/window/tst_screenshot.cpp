// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of moe-studio that takes a picture, as a user types it.
#include <QImage>
#include <QProcess>

#include "tests/support/studio_fixture.h"

class TstScreenshot : public QObject {
  Q_OBJECT
  struct Run {
    int code;
    QString said;
  };
  Run studio(const QStringList& arguments) {
    QProcess process;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert("XDG_RUNTIME_DIR", scratch_.path());  // Qt would complain of its absence
    environment.insert("XDG_CONFIG_HOME", scratch_.path());
    environment.insert("XDG_DATA_HOME", scratch_.path());
    process.setProcessEnvironment(environment);
    process.start(qEnvironmentVariable("MOE_BIN_DIR") + "/moe-studio", arguments);
    if (!process.waitForFinished(240'000)) process.kill();
    QStringList said;
    for (const QString& line : QString::fromUtf8(process.readAllStandardError()).split('\n', Qt::SkipEmptyParts))
      if (!line.contains("propagateSizeHints")) said << line;  // the offscreen platform says so of itself
    return {process.exitCode(), said.join('\n')};
  }

  QTemporaryDir scratch_;

 private slots:
  void picture_data() {
    QTest::addColumn<bool>("real");
    QTest::newRow("scripted engine") << false;
    QTest::newRow("real engine") << true;
  }
  void picture() {
    QFETCH(bool, real);
    const QString engine = real ? moe::test::realEngine() : moe::test::fakeEngine();
    if (engine.isEmpty()) QSKIP("moe-cli is not in this build");
    QTemporaryDir folder;
    const QString file = folder.filePath("studio.png");
    const Run run = studio({"--preset", "text-tiny", "--after-steps", "30", "--screenshot", file, "--size", "1366x768",
                            "--theme", "dark", "--engine", engine});
    QVERIFY2(run.code == 0, qPrintable(run.said));
    QCOMPARE(run.said, QString());  // no warning either
    const QImage image(file);
    QCOMPARE(image.size(), QSize(1366, 768));
    QVERIFY(image.pixelColor(700, 5).lightnessF() < 0.2);
    // The map is painted: more than a handful of colours in its place.
    QSet<QRgb> colours;
    for (int x = 360; x < 1000; x += 3)
      for (int y = 140; y < 300; y += 3) colours << image.pixel(x, y);
    QVERIFY(colours.size() > 8);
  }

  void failuresSayWhy_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("words");
    const QString engine = moe::test::fakeEngine();
    QTest::newRow("no engine") << QStringList{"--screenshot", "/tmp/x.png", "--engine", "/nowhere"} << 1 << "/nowhere";
    QTest::newRow("bad size") << QStringList{"--size", "12"} << 2 << "--size";
    QTest::newRow("bad theme") << QStringList{"--theme", "pink"} << 2 << "--theme";
    QTest::newRow("bad steps") << QStringList{"--after-steps", "-3"} << 2 << "--after-steps";
    QTest::newRow("bad setting") << QStringList{"--set", "novalue"} << 2 << "--set";
    QTest::newRow("bad folder") << QStringList{"--after-steps",  "2",        "--screenshot",
                                               "/nowhere/x.png", "--engine", engine}
                                << 1 << "/nowhere/x.png";
    QTest::newRow("refused") << QStringList{"--after-steps", "2",    "--screenshot", "/tmp/x.png",
                                            "--engine",      engine, "--set",        "model.experts=99999"}
                             << 1 << "model.experts";
  }
  void failuresSayWhy() {
    QFETCH(QStringList, arguments);
    QFETCH(int, code);
    QFETCH(QString, words);
    const Run run = studio(arguments);
    QCOMPARE(run.code, code);
    QVERIFY2(run.said.contains(words), qPrintable(run.said));
  }
};

QTEST_GUILESS_MAIN(TstScreenshot)
#include "tst_screenshot.moc"
