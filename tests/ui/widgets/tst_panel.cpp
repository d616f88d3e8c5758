// SPDX-License-Identifier: GPL-3.0-or-later
#include <QFile>
#include <QImage>
#include <QLabel>
#include <QSignalSpy>

#include "tests/support/sample_run.h"
#include "tests/support/studio_fixture.h"
#include "ui/bridge/run_history.h"
#include "ui/bridge/selection.h"
#include "ui/widgets/panel.h"

using namespace moe::ui;

namespace {

class Plain : public Panel {
 public:
  Plain(RunHistory& history, Selection& selection) : Panel("Plain", history, selection) { setBody(new QLabel("body")); }
  PanelTable table() const override { return {{"a", "b"}, {{"1,5", "say \"x\""}, {"2", "line\nbreak"}}}; }
  int refreshed = 0;

 protected:
  void refresh() override { ++refreshed; }
};

}  // namespace

class TstPanel : public QObject {
  Q_OBJECT
 private slots:
  void init() { moe::test::warningsAreFailures(); }
  void hiddenPanelsWait() {
    RunHistory history;
    Selection selection;
    Plain panel(history, selection);
    history.reset(moe::test::sampleInfo());
    history.add(moe::test::sampleStep({}, 1));
    history.flush();
    QCOMPARE(panel.refreshed, 0);
    panel.show();
    QCOMPARE(panel.refreshed, 1);
    history.add(moe::test::sampleStep({}, 2));
    history.flush();
    QCOMPARE(panel.refreshed, 2);
  }

  void doubleClickOnTheTitleMaximises() {
    RunHistory history;
    Selection selection;
    Plain panel(history, selection);
    panel.resize(300, 200);
    panel.show();
    QSignalSpy spy(&panel, &Panel::maximiseRequested);
    QTest::mouseDClick(&panel, Qt::LeftButton, {}, QPoint(60, 14));
    QCOMPARE(spy.count(), 1);
    QTest::mouseDClick(&panel, Qt::LeftButton, {}, QPoint(60, 180));
    QCOMPARE(spy.count(), 1);
  }

  void picturesAndValues() {
    RunHistory history;
    Selection selection;
    Plain panel(history, selection);
    panel.resize(300, 200);
    panel.show();
    QTemporaryDir folder;
    const QString png = folder.filePath("a.png"), svg = folder.filePath("a.svg"), bare = folder.filePath("bare");
    QCOMPARE(panel.savePicture(png), QString());
    QCOMPARE(QImage(png).width(), panel.body()->width() * 2);
    QCOMPARE(panel.savePicture(svg), QString());
    QFile file(svg);
    QVERIFY(file.open(QIODevice::ReadOnly) && file.readAll().contains("<svg"));
    QCOMPARE(panel.savePicture(bare), QString());
    QVERIFY(QFile::exists(bare + ".png"));
    QVERIFY(panel.savePicture(folder.filePath("a.jpg")).contains(".png or .svg"));
    QVERIFY(panel.savePicture("/nowhere/a.png").contains("/nowhere/a.png"));
    QVERIFY(panel.savePicture("/nowhere/a.svg").contains("/nowhere/a.svg"));
    QCOMPARE(panel.saveCsv(folder.filePath("v")), QString());
    QFile csv(folder.filePath("v.csv"));
    QVERIFY(csv.open(QIODevice::ReadOnly));
    QCOMPARE(csv.readAll(), QByteArray("a,b\n\"1,5\",\"say \"\"x\"\"\"\n2,\"line\nbreak\"\n"));
    QVERIFY(!panel.saveCsv("/nowhere/v.csv").isEmpty());
    const QString full = folder.filePath("full.csv"), fullPicture = folder.filePath("full.png");
    if (QFile::link("/dev/full", full)) QVERIFY(panel.saveCsv(full).contains(full));
    if (QFile::link("/dev/full", fullPicture)) QVERIFY(panel.savePicture(fullPicture).contains(fullPicture));
  }
};

int main(int argc, char** argv) { return moe::test::runScratchTest<TstPanel>(argc, argv); }
#include "tst_panel.moc"
