// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <numeric>
#include <string>
#include <vector>

#include "engine/interop/crc32c.h"

using moe::interop::crc32c;
using moe::interop::crc32c_portable;

class TestCrc32c : public QObject {
  Q_OBJECT
 private slots:
  void known_answers_data();
  void known_answers();
  void pieces_give_the_same();
  void both_forms_agree_at_every_length();
};

void TestCrc32c::known_answers_data() {
  QTest::addColumn<QByteArray>("bytes");
  QTest::addColumn<quint32>("crc");
  QByteArray rising(32, '\0'), falling(32, '\0');
  std::iota(rising.begin(), rising.end(), char{0});
  std::iota(falling.rbegin(), falling.rend(), char{0});
  // The check value of the polynomial, and the vectors of RFC 3720 appendix B.4.
  QTest::newRow("check") << QByteArray("123456789") << 0xE3069283u;
  QTest::newRow("empty") << QByteArray() << 0u;
  QTest::newRow("zeros") << QByteArray(32, '\0') << 0x8A9136AAu;
  QTest::newRow("ones") << QByteArray(32, '\xFF') << 0x62A8AB43u;
  QTest::newRow("rising") << rising << 0x46DD794Eu;
  QTest::newRow("falling") << falling << 0x113FDB5Cu;
}

void TestCrc32c::known_answers() {
  QFETCH(QByteArray, bytes);
  QFETCH(quint32, crc);
  const auto size = static_cast<std::size_t>(bytes.size());
  QCOMPARE(crc32c(0, bytes.constData(), size), crc);
  QCOMPARE(crc32c_portable(0, bytes.constData(), size), crc);
  QCOMPARE(QByteArray(moe::interop::crc32c_text(crc).digits), QByteArray::number(crc, 16).rightJustified(8, '0'));
}

void TestCrc32c::pieces_give_the_same() {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  const auto whole = crc32c(0, text.data(), text.size());
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    QCOMPARE(crc32c(crc32c(0, text.data(), cut), text.data() + cut, text.size() - cut), whole);
}

void TestCrc32c::both_forms_agree_at_every_length() {
  std::vector<unsigned char> bytes(300);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * i * 31 + i);
  for (std::size_t begin = 0; begin < 9; ++begin)
    for (std::size_t size = 0; begin + size <= bytes.size(); ++size)
      QCOMPARE(crc32c(7, bytes.data() + begin, size), crc32c_portable(7, bytes.data() + begin, size));
}

QTEST_GUILESS_MAIN(TestCrc32c)
#include "tst_crc32c.moc"
