// SPDX-License-Identifier: Apache-2.0
// The vectorised functions against the standard library in float64, in units in the last place over the whole range.
#include <QtTest>
#include <cmath>

#include "engine/backend/cpu/rounding.h"
#include "engine/backend/cpu/vector_math.h"

using namespace moe;

class TestVectorMath : public QObject {
  Q_OBJECT
 private slots:
  void exp_within_two_ulp();
  void exp_at_the_edges();
  void erf_within_three_ulp();
  void erf_at_the_edges();
  void log_within_two_ulp();
  void log_at_the_edges();
  void bf16_rounding_data();
  void bf16_rounding();
};

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// Distance of `value` from `exact` in units of float32 at that size.
double ulps(float value, double exact) {
  const float nearest = static_cast<float>(exact);
  const double unit =
      static_cast<double>(std::nextafter(std::fabs(nearest), kInf)) - std::fabs(static_cast<double>(nearest));
  return std::fabs(static_cast<double>(value) - exact) / unit;
}

}  // namespace

void TestVectorMath::exp_within_two_ulp() {
  double worst = 0;
  for (double x = -103.9; x < 88.72; x += 1.7e-4) {
    const auto f = static_cast<float>(x);
    worst = std::max(worst, ulps(cpu::fast_exp(f), std::exp(static_cast<double>(f))));
  }
  QVERIFY2(worst <= 2.0, qPrintable(QString::number(worst)));
}

void TestVectorMath::exp_at_the_edges() {
  QCOMPARE(cpu::fast_exp(0.f), 1.f);
  QCOMPARE(cpu::fast_exp(kInf), kInf);
  QCOMPARE(cpu::fast_exp(89.f), kInf);
  QCOMPARE(cpu::fast_exp(-kInf), 0.f);
  QCOMPARE(cpu::fast_exp(-1e30f), 0.f);
  QVERIFY(cpu::fast_exp(-103.f) > 0.f);  // a denormal
  QVERIFY(std::isnan(cpu::fast_exp(std::nanf(""))));
}

void TestVectorMath::erf_within_three_ulp() {
  double worst = 0;
  for (double x = -6; x < 6; x += 1.3e-5) {
    const auto f = static_cast<float>(x);
    worst = std::max(worst, ulps(cpu::fast_erf(f), std::erf(static_cast<double>(f))));
  }
  QVERIFY2(worst <= 3.0, qPrintable(QString::number(worst)));
}

void TestVectorMath::erf_at_the_edges() {
  QCOMPARE(cpu::fast_erf(0.f), 0.f);
  QCOMPARE(cpu::fast_erf(kInf), 1.f);
  QCOMPARE(cpu::fast_erf(-kInf), -1.f);
  QVERIFY(std::isnan(cpu::fast_erf(std::nanf(""))));
}

// Every 997th positive float, denormals included, and all near 1, where the result is small.
void TestVectorMath::log_within_two_ulp() {
  double worst = 0;
  const auto look = [&](std::uint32_t bits) {
    const float f = std::bit_cast<float>(bits);
    if (f != 1.f) worst = std::max(worst, ulps(cpu::fast_log(f), std::log(static_cast<double>(f))));
  };
  for (std::uint32_t bits = 1; bits < 0x7F800000u; bits += 997) look(bits);
  for (std::uint32_t bits = 0x3F7F0000u; bits < 0x3F808000u; ++bits) look(bits);
  QVERIFY2(worst <= 2.0, qPrintable(QString::number(worst)));
}

void TestVectorMath::log_at_the_edges() {
  QCOMPARE(cpu::fast_log(1.f), 0.f);
  QCOMPARE(cpu::fast_log(0.f), -kInf);
  QCOMPARE(cpu::fast_log(-0.f), -kInf);
  QCOMPARE(cpu::fast_log(kInf), kInf);
  QVERIFY(std::isnan(cpu::fast_log(-1.f)));
  QVERIFY(std::isnan(cpu::fast_log(-1e-40f)));
  QVERIFY(std::isnan(cpu::fast_log(std::nanf(""))));
}

void TestVectorMath::bf16_rounding_data() {
  QTest::addColumn<quint32>("bits");
  QTest::addColumn<quint16>("expected");
  QTest::newRow("exact") << quint32(0x3F800000) << quint16(0x3F80);
  QTest::newRow("below half goes down") << quint32(0x3F807FFF) << quint16(0x3F80);
  QTest::newRow("half goes to even, down") << quint32(0x3F808000) << quint16(0x3F80);
  QTest::newRow("half goes to even, up") << quint32(0x3F818000) << quint16(0x3F82);
  QTest::newRow("above half goes up") << quint32(0x3F808001) << quint16(0x3F81);
  QTest::newRow("carry into the exponent") << quint32(0x3FFFFFFF) << quint16(0x4000);
  QTest::newRow("largest float overflows") << quint32(0x7F7FFFFF) << quint16(0x7F80);
  QTest::newRow("infinity") << quint32(0xFF800000) << quint16(0xFF80);
  QTest::newRow("NaN with low bits only stays NaN") << quint32(0x7F800001) << quint16(0x7FC0);
  QTest::newRow("denormal") << quint32(0x00018000) << quint16(0x0002);
}

void TestVectorMath::bf16_rounding() {
  QFETCH(quint32, bits);
  QFETCH(quint16, expected);
  QCOMPARE(cpu::round_to_bf16(std::bit_cast<float>(bits)).bits, expected);
}

QTEST_GUILESS_MAIN(TestVectorMath)
#include "tst_vector_math.moc"
