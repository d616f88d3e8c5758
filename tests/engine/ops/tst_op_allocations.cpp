// SPDX-License-Identifier: Apache-2.0
// After a first call of a shape no op allocates through operator new. oneDNN 2 builds a small table of arguments inside
// every primitive it executes; those allocations are the library's and are told apart by their caller.
#include <dlfcn.h>

#include <QtTest>
#include <atomic>
#include <cstdlib>
#include <new>

#include "engine/backend/make_backend.h"
#include "tests/engine/ops/op_catalogue.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

bool called_by_library(const void* caller) {
  Dl_info info{};
  return dladdr(caller, &info) && info.dli_fname && std::strstr(info.dli_fname, "libdnnl");
}

void count(const void* caller) {
  if (counting.load() && !called_by_library(caller)) allocations.fetch_add(1);
}

void* take(std::size_t bytes, std::size_t alignment) {
  void* block = std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace

void* operator new(std::size_t bytes) {
  count(__builtin_return_address(0));
  return take(std::max<std::size_t>(bytes, 1), alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  count(__builtin_return_address(0));
  return take(std::max<std::size_t>(bytes, 1), static_cast<std::size_t>(alignment));
}
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }

using namespace moe;
using namespace moe::test;

class TestOpAllocations : public QObject {
  Q_OBJECT
 private slots:
  void counter_counts();
  void none_after_warm_up_data();
  void none_after_warm_up();
  void none_in_a_thread_that_meets_a_shape_later();

 private:
  std::unique_ptr<Backend> backend_ = make_backend("cpu", 2);
};

void TestOpAllocations::counter_counts() {
  allocations = 0;
  counting = true;
  std::vector<int> some(100);
  counting = false;
  QVERIFY(!some.empty());
  QCOMPARE(allocations.load(), 1);
}

void TestOpAllocations::none_after_warm_up_data() {
  QTest::addColumn<int>("op");
  QTest::addColumn<bool>("bf16");
  for (std::size_t o = 0; o < op_catalogue().size(); ++o) {
    const OpCase& op = op_catalogue()[o];
    const QByteArray name(op.name);
    if (name == "sums" || name == "mean_entropy" || name == "balance_loss" || name == "squared_cv")
      continue;  // their cases bring the result back through a vector
    QTest::addRow("%s", op.name) << int(o) << false;
    if (op.is_product) QTest::addRow("%s, bf16", op.name) << int(o) << true;
  }
}

void TestOpAllocations::none_after_warm_up() {
  QFETCH(int, op);
  QFETCH(bool, bf16);
  ops::Context ctx{*backend_, bf16 ? MatmulPrecision::bf16 : MatmulPrecision::native};
  TestArrays arrays(*backend_, DType::f32);
  const auto call = op_catalogue()[std::size_t(op)].make(arrays, odd_sizes().back());
  call(ctx);
  allocations = 0;
  counting = true;
  for (int i = 0; i < 5; ++i) call(ctx);  // another thread may be the one that meets a piece
  counting = false;
  QCOMPARE(allocations.load(), 0);
}

// The first call of every shape is a single task, which the calling thread runs; the second is the same task many times
// over, so that the other thread meets the shape too.
void TestOpAllocations::none_in_a_thread_that_meets_a_shape_later() {
  constexpr int kRows = 128, kBlocks = 16;  // one task's rows, and as many tasks
  ops::Context ctx{*backend_, MatmulPrecision::bf16};
  TestArrays arrays(*backend_, DType::f32);
  for (int width = 8; width <= 160; width += 8) {
    const View w = arrays.in({width, width}), x = arrays.in({kBlocks * kRows, width}), y = arrays.out(x.shape);
    const AttentionShape one{1, 32, 1, 1, width}, many{kBlocks, 32, 1, 1, width};
    const View qkv = arrays.in({kBlocks * 32, 3 * width}), out = arrays.out({kBlocks * 32, width});
    const View lse = arrays.out({kBlocks, 1, 32}), dqkv = arrays.out(qkv.shape);
    const auto call = [&](int blocks, const AttentionShape& shape) {
      const std::int64_t rows = std::int64_t{shape.batch} * shape.context;
      ops::linear_forward(ctx, y.rows(0, blocks * kRows), x.rows(0, blocks * kRows), w);
      ops::attention_forward(ctx, out.rows(0, rows), lse.rows(0, shape.batch), qkv.rows(0, rows), shape);
      ops::attention_backward(ctx, dqkv.rows(0, rows), out.rows(0, rows), out.rows(0, rows), lse.rows(0, shape.batch),
                              qkv.rows(0, rows), shape);
    };
    call(1, one);
    allocations = 0;
    counting = true;
    call(kBlocks, many);
    counting = false;
    QVERIFY2(allocations.load() == 0, qPrintable(QString("width %1: %2").arg(width).arg(allocations.load())));
  }
}

QTEST_GUILESS_MAIN(TestOpAllocations)
#include "tst_op_allocations.moc"
