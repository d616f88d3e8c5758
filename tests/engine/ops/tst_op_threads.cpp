// SPDX-License-Identifier: Apache-2.0
// The same bits with 1, 2 and 3 threads, and from arrays at other addresses: every op, float32 and bfloat16 products.
#include <QtTest>

#include "engine/backend/make_backend.h"
#include "tests/engine/ops/op_catalogue.h"

using namespace moe;
using namespace moe::test;

class TestOpThreads : public QObject {
  Q_OBJECT
 private slots:
  void same_bits_data();
  void same_bits();

 private:
  std::unique_ptr<Backend> backends_[3] = {make_backend("cpu", 1), make_backend("cpu", 2), make_backend("cpu", 3)};
};

void TestOpThreads::same_bits_data() {
  QTest::addColumn<int>("op");
  QTest::addColumn<bool>("bf16");
  for (std::size_t o = 0; o < op_catalogue().size(); ++o) {
    QTest::addRow("%s", op_catalogue()[o].name) << int(o) << false;
    if (op_catalogue()[o].is_product) QTest::addRow("%s, bf16", op_catalogue()[o].name) << int(o) << true;
  }
}

void TestOpThreads::same_bits() {
  QFETCH(int, op);
  QFETCH(bool, bf16);
  static const Sizes large{"several tasks of every kind", 4, 160, 64, 4, 2, 6, 200, 2, 1100};
  for (const Sizes& sizes : {odd_sizes().back(), large}) {
    std::vector<std::vector<char>> expected;
    for (auto& backend : backends_) {
      ops::Context ctx{*backend, bf16 ? MatmulPrecision::bf16 : MatmulPrecision::native};
      for (int repeat = 0; repeat < 2; ++repeat) {
        TestArrays arrays(*backend, DType::f32);
        op_catalogue()[std::size_t(op)].make(arrays, sizes)(ctx);
        std::vector<std::vector<char>> bits;
        for (const View view : arrays.outputs()) bits.push_back(arrays.bytes(view));
        if (expected.empty()) expected = bits;
        QVERIFY2(bits == expected, qPrintable(QString("%1 threads").arg(backend->threads())));
      }
    }
    QVERIFY(!expected.empty());
  }
}

QTEST_GUILESS_MAIN(TestOpThreads)
#include "tst_op_threads.moc"
