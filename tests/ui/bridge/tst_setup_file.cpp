// SPDX-License-Identifier: GPL-3.0-or-later
// Set-ups: what is written is read back; what is broken is refused with a reason.
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "tests/support/sample_plane.h"
#include "ui/bridge/setup_file.h"

using namespace moe::ui;

class TstSetupFile : public QObject {
  Q_OBJECT
  QTemporaryDir folder_;
  QString write(const QByteArray& text) {
    const QString name = folder_.filePath("a.moesetup");
    QFile file(name);
    if (!file.open(QIODevice::WriteOnly)) return {};
    file.write(text);
    return name;
  }

 private slots:
  void roundTrip() {
    Setup setup;
    setup.preset = "plane-spirals";
    setup.settings = {{"model.experts", 6}, {"router.noise", 0.35}, {"optim.schedule", "constant"}};
    setup.controls = {"balance.coefficient", "router.noise"};
    setup.points = {{0.1, -0.5, 0}, {0.2, 0.5, 1}};
    setup.present = true;
    const QString file = folder_.filePath("b.moesetup");
    QCOMPARE(writeSetup(file, setup), QString());
    QVERIFY(QFile(file).size() < 2000);
    const Setup back = readSetup(file);
    QCOMPARE(back.preset, setup.preset);
    QVERIFY(back.settings == setup.settings);
    QCOMPARE(back.controls, setup.controls);
    QVERIFY(back.points == setup.points);
    QVERIFY(back.present);
    QVERIFY(back.request().points == setup.points);
    QVERIFY(!writeSetup("/nowhere/c.moesetup", setup).isEmpty());
  }

  void brokenOnesSayWhy_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("words");
    QTest::newRow("empty") << QByteArray() << "JSON";
    QTest::newRow("half") << QByteArray("{\"moe_setup\": 1,") << "JSON";
    QTest::newRow("list") << QByteArray("[1]") << "no set-up";
    QTest::newRow("other") << QByteArray("{\"a\": 1}") << "no set-up";
    QTest::newRow("version") << QByteArray("{\"moe_setup\": 2, \"preset\": \"x\"}") << "version";
    QTest::newRow("no preset") << QByteArray("{\"moe_setup\": 1}") << "preset";
    QTest::newRow("settings") << QByteArray("{\"moe_setup\": 1, \"preset\": \"x\", \"settings\": 3}") << "settings";
    QTest::newRow("nested") << QByteArray("{\"moe_setup\": 1, \"preset\": \"x\", \"settings\": {\"a\": [1]}}")
                            << "plain value";
    QTest::newRow("controls") << QByteArray("{\"moe_setup\": 1, \"preset\": \"x\", \"controls\": [1]}") << "controls";
    QTest::newRow("points") << QByteArray("{\"moe_setup\": 1, \"preset\": \"x\", \"points\": 1}") << "points";
    QTest::newRow("twice") << QByteArray("{\"moe_setup\": 1, \"moe_setup\": 1, \"preset\": \"x\"}") << "JSON";
    QTest::newRow("deep") << QByteArray(200, '[') << "JSON";
  }
  void brokenOnesSayWhy() {
    QFETCH(QByteArray, text);
    QFETCH(QString, words);
    try {
      readSetup(write(text));
      QFAIL("it was read");
    } catch (const moe::Error& problem) {
      QVERIFY2(QString::fromUtf8(problem.what()).contains(words), problem.what());
      QVERIFY(!problem.action().empty());
    }
  }

  void ofARunOnlyWhatDiffersAndNoPaths() {
    Hello hello;
    for (const char* key : {"router.noise", "balance.coefficient", "train.device", "data.points"}) {
      KnobSpec spec;
      spec.key = key;
      spec.fallback = 0.0;
      hello.knobs.push_back(spec);
    }
    PresetSpec preset;
    preset.name = "plane-spirals";
    preset.settings = {{"balance.coefficient", 0.01}};
    hello.presets = {preset};
    moe::protocol::RunInfo run = moe::test::samplePlaneInfo();
    run.config = {
        {"router.noise", 0.3}, {"balance.coefficient", 0.01}, {"train.device", "cpu"}, {"data.points", "drawing"}};
    const auto points = moe::test::samplePlanePoints(20);
    const Setup setup = setupOf(hello, run, &points);
    QCOMPARE(setup.preset, QStringLiteral("plane-spirals"));
    QCOMPARE(setup.settings.size(), std::size_t{2});  // noise, and that the points are a drawing
    QCOMPARE(setup.settings.value("router.noise", 0.0), 0.3);
    QCOMPARE(setup.points.size(), std::size_t{40});
  }
};

QTEST_GUILESS_MAIN(TstSetupFile)
#include "tst_setup_file.moc"
