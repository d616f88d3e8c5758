// SPDX-License-Identifier: Apache-2.0
// float32 against float64 for every op, bfloat16 products against float64, and sentinels around every output.
#include <QtTest>

#include "tests/engine/ops/op_catalogue.h"
#include "tests/support/test_backend.h"

using namespace moe;
using namespace moe::test;

class TestOpPrecision : public QObject {
  Q_OBJECT
 private slots:
  void float32_data();
  void float32();
  void bfloat16_data();
  void bfloat16();

 private:
  using Outputs = std::vector<std::vector<double>>;
  Outputs run(const OpCase& op, const Sizes& sizes, DType dtype, MatmulPrecision precision);
  std::unique_ptr<Backend> backend_ = test::make_test_backend(2);
};

TestOpPrecision::Outputs TestOpPrecision::run(const OpCase& op, const Sizes& sizes, DType dtype,
                                              MatmulPrecision precision) {
  ops::Context ctx{*backend_, precision};
  TestArrays arrays(*backend_, dtype);
  op.make(arrays, sizes)(ctx);
  if (!arrays.sentinels_intact()) QTest::qFail("something was written outside an array", __FILE__, __LINE__);
  Outputs outputs;
  for (const View view : arrays.outputs()) outputs.push_back(arrays.get(view));
  return outputs;
}

namespace {

void rows_for(bool products_only) {
  QTest::addColumn<int>("op");
  QTest::addColumn<int>("sizes");
  for (std::size_t o = 0; o < op_catalogue().size(); ++o)
    for (std::size_t s = 0; s < odd_sizes().size(); ++s)
      if (!products_only || op_catalogue()[o].is_product)
        QTest::addRow("%s, %s", op_catalogue()[o].name, odd_sizes()[s].name) << int(o) << int(s);
}

void compare(const std::vector<std::vector<double>>& actual, const std::vector<std::vector<double>>& expected,
             double absolute, double relative) {
  QCOMPARE(actual.size(), expected.size());
  for (std::size_t o = 0; o < expected.size(); ++o)
    for (std::size_t i = 0; i < expected[o].size(); ++i) {
      const double a = actual[o][i], e = expected[o][i];
      if (!(std::fabs(a - e) <= absolute + relative * std::fabs(e)))
        QFAIL(qPrintable(
            QString("output %1[%2] is %3, float64 says %4").arg(o).arg(i).arg(a, 0, 'g', 9).arg(e, 0, 'g', 9)));
    }
}

}  // namespace

void TestOpPrecision::float32_data() { rows_for(false); }

void TestOpPrecision::float32() {
  QFETCH(int, op);
  QFETCH(int, sizes);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const Sizes& s = odd_sizes()[std::size_t(sizes)];
  compare(run(c, s, DType::f32, MatmulPrecision::native), run(c, s, DType::f64, MatmulPrecision::native),
          c.f32.absolute, c.f32.relative);
}

void TestOpPrecision::bfloat16_data() { rows_for(true); }

// Each operand is rounded by at most 2^-9 of itself, so a sum of n products of standard normal values is off by about
// sqrt(n)·2^-8.5; six of those standard deviations bound the largest of some thousand outputs.
void TestOpPrecision::bfloat16() {
  QFETCH(int, op);
  QFETCH(int, sizes);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const Sizes& s = odd_sizes()[std::size_t(sizes)];
  const double terms = std::max({s.width, s.hidden, s.rows(), s.vocabulary});
  compare(run(c, s, DType::f32, MatmulPrecision::bf16), run(c, s, DType::f64, MatmulPrecision::native),
          6 * std::sqrt(terms) * std::exp2(-8.5), 0.02);
}

DEVICE_TEST_MAIN(TestOpPrecision)
#include "tst_op_precision.moc"
