// SPDX-License-Identifier: Apache-2.0
#include <QtTest>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"

using namespace moe;

class TestParseLine : public QObject {
  Q_OBJECT
 private slots:
  void accepts_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::newRow("command") << QByteArray(R"({"id":1,"cmd":"hello"})");
    QTest::newRow("spaces") << QByteArray("  {\"id\" : 1}\r");
    QTest::newRow("same key in two objects") << QByteArray(R"({"a":{"k":1},"b":{"k":2}})");
    QTest::newRow("depth 64") << QByteArray(64, '[') + QByteArray(64, ']');
    QTest::newRow("escaped key") << QByteArray(R"({"\u0061":1})");
  }
  void accepts() {
    QFETCH(QByteArray, line);
    protocol::parse_line(line.toStdString());  // throws when it does not
  }
  void refuses_data() {
    QTest::addColumn<QByteArray>("line");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("text") << QByteArray("hello");
    QTest::newRow("half") << QByteArray(R"({"id":1,)");
    QTest::newRow("trailing text") << QByteArray(R"({"id":1} x)");
    QTest::newRow("two objects") << QByteArray(R"({"id":1}{"id":2})");
    QTest::newRow("trailing NUL") << QByteArray("{\"id\":1}\0", 9);
    QTest::newRow("NUL inside") << QByteArray("{\"a\0\":1}", 8);
    QTest::newRow("duplicate key") << QByteArray(R"({"cmd":"run","cmd":"stop"})");
    QTest::newRow("duplicate through an escape") << QByteArray(R"({"a":1,"\u0061":2})");
    QTest::newRow("duplicate deep down") << QByteArray(R"({"x":[{"k":1,"k":2}]})");
    QTest::newRow("depth 65") << QByteArray(65, '[') + QByteArray(65, ']');
    QTest::newRow("a million brackets") << QByteArray(1000000, '[');
    QTest::newRow("NaN") << QByteArray(R"({"value":NaN})");
    QTest::newRow("1e400") << QByteArray(R"({"value":1e400})");
    QTest::newRow("bad UTF-8") << QByteArray("{\"text\":\"\xff\xfe\"}");
    QTest::newRow("lone surrogate") << QByteArray(R"({"text":"\ud800"})");
    QTest::newRow("too long") << QByteArray((16 << 20) + 1, ' ');
  }
  void refuses() {
    QFETCH(QByteArray, line);
    try {
      protocol::parse_line(line.toStdString());
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::bad_input);
      QVERIFY(!error.summary().empty() && !error.action().empty());
      return;
    }
    QFAIL("accepted");
  }
};

QTEST_GUILESS_MAIN(TestParseLine)
#include "tst_parse_line.moc"
