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
    if (name == "sums" || name == "mean_entropy") continue;  // their cases bring the result back through a vector
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
  for (int i = 0; i < 20; ++i) call(ctx);  // every thread must have met every shape
  allocations = 0;
  counting = true;
  call(ctx);
  counting = false;
  QCOMPARE(allocations.load(), 0);
}

QTEST_GUILESS_MAIN(TestOpAllocations)
#include "tst_op_allocations.moc"
