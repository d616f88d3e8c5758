// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <limits>

#include "engine/core/error.h"
#include "engine/interop/json_text.h"

using moe::interop::parse_json;
using moe::interop::render_json;

class TestJsonText : public QObject {
  Q_OBJECT
 private slots:
  void refused_data();
  void refused();
  void accepted_data();
  void accepted();
  void what_json_cannot_say_is_replaced();
};

void TestJsonText::refused_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::addColumn<QByteArray>("says");
  QTest::newRow("empty") << QByteArray() << QByteArray("not JSON");
  QTest::newRow("torn") << QByteArray("{\"a\": 1") << QByteArray("not JSON at byte");
  QTest::newRow("trailing garbage") << QByteArray("{} x") << QByteArray("not JSON");
  QTest::newRow("trailing NUL") << QByteArray("{}\0", 3) << QByteArray("NUL at byte 2");
  QTest::newRow("not UTF-8") << QByteArray("{\"\xff\": 1}") << QByteArray("not JSON");
  QTest::newRow("NaN") << QByteArray("{\"a\": NaN}") << QByteArray("not JSON");
  QTest::newRow("comment") << QByteArray("{} // no") << QByteArray("not JSON");
  QTest::newRow("key twice") << QByteArray("{\"a\": 1, \"a\": 2}") << QByteArray("\"a\" twice");
  QTest::newRow("inner key twice") << QByteArray("[{\"b\": {}, \"a\": 1, \"b\": 2}]") << QByteArray("\"b\" twice");
  QTest::newRow("deep lists") << QByteArray(100000, '[') << QByteArray("deeper than 64");
  QByteArray objects;
  for (int i = 0; i < 100; ++i) objects += "{\"a\":";
  QTest::newRow("deep objects") << objects << QByteArray("deeper than 64");
  QTest::newRow("number overflow") << QByteArray("[1e999]") << QByteArray("usable JSON");
}

void TestJsonText::refused() {
  QFETCH(QByteArray, text);
  QFETCH(QByteArray, says);
  try {
    (void)parse_json({text.constData(), static_cast<std::size_t>(text.size())}, "some/file.json");
    QFAIL("accepted");
  } catch (const moe::Error& error) {
    QCOMPARE(error.kind(), moe::ErrorKind::bad_input);
    QCOMPARE(error.where(), std::string("some/file.json"));
    QVERIFY2(QByteArray(error.what()).contains(says), error.what());
  }
}

void TestJsonText::accepted_data() {
  QTest::addColumn<QByteArray>("text");
  QTest::newRow("space around") << QByteArray(" \n{} \t\n");
  QTest::newRow("same key in two objects") << QByteArray("[{\"a\": 1}, {\"a\": {\"a\": 2}}]");
  QTest::newRow("63 deep") << QByteArray(63, '[') + QByteArray(63, ']');
}

void TestJsonText::accepted() {
  QFETCH(QByteArray, text);
  const auto value = parse_json({text.constData(), static_cast<std::size_t>(text.size())}, "file");
  QVERIFY(parse_json(render_json(value), "file") == value);
}

void TestJsonText::what_json_cannot_say_is_replaced() {
  const std::string text = render_json({{"a", std::numeric_limits<double>::quiet_NaN()}, {"b", "\xff"}});
  const auto value = parse_json(text, "file");
  QVERIFY(value["a"].is_null());
  QCOMPARE(value["b"].get<std::string>(), std::string("\xEF\xBF\xBD"));
}

QTEST_GUILESS_MAIN(TestJsonText)
#include "tst_json_text.moc"
