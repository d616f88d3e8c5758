// SPDX-License-Identifier: Apache-2.0
// Every op on the CUDA backend against the CPU: odd sizes, float32, float64 and bfloat16 products, sentinels around
// every array, and the same bits twice, whatever the order of blocks and threads.
#include <QtTest>

#include "tests/engine/backend/cuda/devices.h"
#include "tests/engine/ops/op_catalogue.h"
#include "tests/support/cuda_emulation/control.h"

using namespace moe;
using namespace moe::test;

namespace {

struct Run {
  std::vector<std::vector<double>> numbers;
  std::vector<DType> dtypes;
  std::vector<std::vector<char>> bits;
  bool intact = true;
};

enum class Operands { as_they_are, rounded, stored };

Run run(Backend& backend, const OpCase& op, const Sizes& sizes, DType dtype, MatmulPrecision precision,
        Operands operands = Operands::as_they_are) {
  ops::Context ctx{backend, precision};
  TestArrays arrays(backend, dtype);
  if (operands != Operands::as_they_are) arrays.round_operands(operands == Operands::stored);
  op.make(arrays, sizes)(ctx);
  Run out;
  out.intact = arrays.sentinels_intact();
  for (const View view : arrays.outputs()) {
    out.numbers.push_back(arrays.get(view));
    out.bits.push_back(arrays.bytes(view));
    out.dtypes.push_back(view.dtype);
  }
  return out;
}

void compare(const Run& actual, const Run& expected, double absolute, double relative) {
  QVERIFY2(actual.intact, "something was written outside an array");
  QCOMPARE(actual.numbers.size(), expected.numbers.size());
  for (std::size_t o = 0; o < expected.numbers.size(); ++o)
    for (std::size_t i = 0; i < expected.numbers[o].size(); ++i) {
      const double a = actual.numbers[o][i], e = expected.numbers[o][i];
      if (std::isnan(a) && std::isnan(e)) continue;
      if (!(std::fabs(a - e) <= absolute + relative * std::fabs(e)))
        QFAIL(qPrintable(
            QString("output %1[%2] is %3, the CPU says %4").arg(o).arg(i).arg(a, 0, 'g', 9).arg(e, 0, 'g', 9)));
    }
}

/// The odd sizes, k = E among them, and one whose rows are wider than a warp's share.
const std::vector<Sizes>& sizes_here() {
  static const std::vector<Sizes> all = [] {
    auto list = odd_sizes();
    list.push_back({"one expert", 2, 9, 10, 1, 1, 1, 3, 1, 5});
    list.push_back({"wide rows", 1, 70, 516, 2, 1, 3, 36, 2, 1100});
    return list;
  }();
  return all;
}

}  // namespace

class TestCudaParity : public QObject {
  Q_OBJECT
 private slots:
  void parity_data();
  void parity();
  void bfloat16_data();
  void bfloat16();
  void stored_bfloat16_data();
  void stored_bfloat16();
  void repeats_data();
  void repeats();

 private:
  static void rows_for(bool OpCase::*only = nullptr);
  CudaBench cuda_;
  std::unique_ptr<Backend> cpu_ = make_backend("cpu", 1);
};

void TestCudaParity::rows_for(bool OpCase::*only) {
  QTest::addColumn<int>("op");
  QTest::addColumn<int>("sizes");
  for (std::size_t o = 0; o < op_catalogue().size(); ++o)
    for (std::size_t s = 0; s < sizes_here().size(); ++s)
      if (!only || op_catalogue()[o].*only)
        QTest::addRow("%s, %s", op_catalogue()[o].name, sizes_here()[s].name) << int(o) << int(s);
}

void TestCudaParity::parity_data() { rows_for(); }

// Twice the distance that float32 may have from float64: each backend may be that far away on its own side. Integers
// (plans, choices) are the same.
void TestCudaParity::parity() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, op);
  QFETCH(int, sizes);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const Sizes& s = sizes_here()[std::size_t(sizes)];
  compare(run(*cuda_, c, s, DType::f32, MatmulPrecision::native), run(*cpu_, c, s, DType::f32, MatmulPrecision::native),
          2 * c.f32.absolute, 2 * c.f32.relative);
  compare(run(*cuda_, c, s, DType::f64, MatmulPrecision::native), run(*cpu_, c, s, DType::f64, MatmulPrecision::native),
          1e-9 * c.f32.absolute + 1e-11 * (c.f32.absolute > 0), 1e-11 * (c.f32.absolute > 0));
}

void TestCudaParity::bfloat16_data() { rows_for(&OpCase::is_product); }

// Both round the same operands to the same bits; what is left is the order of sums in float32.
void TestCudaParity::bfloat16() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, op);
  QFETCH(int, sizes);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const Sizes& s = sizes_here()[std::size_t(sizes)];
  compare(run(*cuda_, c, s, DType::f32, MatmulPrecision::bf16), run(*cpu_, c, s, DType::f32, MatmulPrecision::bf16),
          2e-4, 2e-4);
}

void TestCudaParity::stored_bfloat16_data() { rows_for(&OpCase::has_operands); }

// What the CPU leaves in float32 and a product would round, the device has rounded already: to the bfloat16 of a number
// that float32 may have in place of the CPU's, as in parity(). Near zero those differ in more than their last bits.
void TestCudaParity::stored_bfloat16() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, op);
  QFETCH(int, sizes);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const Sizes& s = sizes_here()[std::size_t(sizes)];
  const Run actual = run(*cuda_, c, s, DType::f32, MatmulPrecision::bf16, Operands::stored);
  Run expected = run(*cpu_, c, s, DType::f32, MatmulPrecision::bf16, Operands::rounded);
  if (c.rounds_within) return compare(actual, expected, 0.03, 0.03);  // tst_cuda_attention says how close it is
  QCOMPARE(actual.numbers.size(), expected.numbers.size());
  for (std::size_t o = 0; o < expected.numbers.size(); ++o)
    for (std::size_t i = 0; actual.dtypes[o] == DType::bf16 && i < expected.numbers[o].size(); ++i) {
      double& e = expected.numbers[o][i];
      const double a = actual.numbers[o][i], may = 2 * (c.f32.absolute + c.f32.relative * std::fabs(e));
      const double least = TestArrays::rounded(e - may), most = TestArrays::rounded(e + may);
      QVERIFY2((a >= least && a <= most) || (std::isnan(a) && std::isnan(e)),
               qPrintable(QString("%1 instead of %2 to %3").arg(a).arg(least).arg(most)));
      e = a;
    }
  compare(actual, expected, 2e-4, 2e-4);
}

void TestCudaParity::repeats_data() {
  QTest::addColumn<int>("op");
  QTest::addColumn<bool>("bf16");
  for (std::size_t o = 0; o < op_catalogue().size(); ++o) {
    QTest::addRow("%s", op_catalogue()[o].name) << int(o) << false;
    if (op_catalogue()[o].is_product) QTest::addRow("%s, bf16", op_catalogue()[o].name) << int(o) << true;
  }
}

void TestCudaParity::repeats() {
  SKIP_WITHOUT_DEVICE(cuda_);
  QFETCH(int, op);
  QFETCH(bool, bf16);
  const OpCase& c = op_catalogue()[std::size_t(op)];
  const auto precision = bf16 ? MatmulPrecision::bf16 : MatmulPrecision::native;
  for (const Sizes& s : {odd_sizes()[2], odd_sizes().back()}) {
    const Run first = run(*cuda_, c, s, DType::f32, precision);
    emulation::set_order(1);
    const Run second = run(*cuda_, c, s, DType::f32, precision);
    emulation::set_order(0);
    QVERIFY(first.bits == second.bits);
  }
}

QTEST_GUILESS_MAIN(TestCudaParity)
#include "tst_cuda_parity.moc"
