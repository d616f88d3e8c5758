// SPDX-License-Identifier: Apache-2.0
// Shapes and views, and the two owners of memory.
#include <QtTest>
#include <cstdlib>

#include "engine/core/arena.h"
#include "engine/core/tensor.h"

using namespace moe;

namespace {

class CountingAllocator : public Allocator {
 public:
  void* allocate(std::size_t bytes) override {
    ++calls;
    held += bytes;
    return std::aligned_alloc(64, (bytes + 63) / 64 * 64);
  }
  void free(void* block, std::size_t bytes) override {
    held -= bytes;
    std::free(block);
  }
  int calls = 0;
  std::size_t held = 0;
};

}  // namespace

class TestTensor : public QObject {
  Q_OBJECT
 private slots:
  void shapes();
  void views();
  void buffer_moves();
  void arena_grows_then_stays();
  void large_arena_grows_by_little();
  void arena_views_survive_growth();
};

void TestTensor::shapes() {
  QCOMPARE(Shape({2, 3, 4}).size(), std::int64_t(24));
  QCOMPARE(Shape{}.size(), std::int64_t(1));
  QCOMPARE(Shape({5, 0}).size(), std::int64_t(0));
  QVERIFY(Shape({2, 3}) == Shape({2, 3}));
  QVERIFY(!(Shape({2, 3}) == Shape({3, 2})));
  QVERIFY(!(Shape({2}) == Shape({2, 1})));
  QCOMPARE(name_of(DType::bf16), "bfloat16");
}

void TestTensor::views() {
  std::vector<float> values(12);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const View view(values.data(), DType::f32, {4, 3});
  QCOMPARE(view.bytes(), std::size_t(48));
  QCOMPARE(view.rows(1, 3).shape, Shape({2, 3}));
  QCOMPARE(view.rows(1, 3).as<float>()[0], 3.f);
  QCOMPARE(view.reshaped({2, 6}).dim(1), std::int64_t(6));
  QVERIFY(!View{});
  const ConstView constant = view;
  QCOMPARE(constant.as<float>()[11], 11.f);
  QCOMPARE(View(values.data(), DType::f32, {0, 3}).rows(0, 0).size(), std::int64_t(0));
}

void TestTensor::buffer_moves() {
  CountingAllocator allocator;
  {
    Buffer a(allocator, DType::f64, {3, 5});
    Buffer b = std::move(a);
    QVERIFY(!a);
    QVERIFY(b);
    b = Buffer(allocator, DType::f32, {2});
    QCOMPARE(b.view().shape, Shape({2}));
  }
  QCOMPARE(allocator.calls, 2);
  QCOMPARE(allocator.held, std::size_t(0));
}

void TestTensor::arena_grows_then_stays() {
  CountingAllocator allocator;
  {
    Arena arena(allocator);
    const auto step = [&] {
      for (int i = 0; i < 40; ++i) {
        const View view = arena.take(DType::f32, {1000, 33});
        QCOMPARE(reinterpret_cast<std::uintptr_t>(view.data) % 64, std::uintptr_t(0));
      }
    };
    step();
    QCOMPARE(arena.high_water(), arena.used());
    QVERIFY(arena.used() >= std::size_t(40) * 33000 * 4);
    arena.reset();
    QCOMPARE(arena.used(), std::size_t(0));
    const int calls = allocator.calls;
    for (int i = 0; i < 10; ++i) {
      step();
      arena.reset();
    }
    QCOMPARE(allocator.calls, calls);
    QCOMPARE(arena.capacity(), allocator.held);
  }
  QCOMPARE(allocator.held, std::size_t(0));
}

// A first step takes what it needs and a fifth more at most, where doubling could take twice as much.
void TestTensor::large_arena_grows_by_little() {
  CountingAllocator allocator;
  Arena arena(allocator);
  for (int i = 0; i < 330; ++i) {
    arena.take(DType::f32, {1 << 20, 2});
    if (arena.used() > std::size_t{1} << 30) QVERIFY(allocator.held < arena.used() + arena.used() / 5);
  }
  const std::size_t used = arena.used();
  arena.reset();
  QCOMPARE(allocator.held, used);
}

void TestTensor::arena_views_survive_growth() {
  CountingAllocator allocator;
  Arena arena(allocator);
  const View first = arena.take(DType::i32, {1000});
  std::fill_n(first.as<std::int32_t>(), 1000, 77);
  for (int i = 0; i < 20; ++i) {
    const View more = arena.take(DType::i32, {200000});
    std::fill_n(more.as<std::int32_t>(), 200000, i);
  }
  QVERIFY(std::all_of(first.as<std::int32_t>(), first.as<std::int32_t>() + 1000, [](int v) { return v == 77; }));
  const View empty = arena.take(DType::f32, {0});
  QVERIFY(empty.data != nullptr);
}

QTEST_GUILESS_MAIN(TestTensor)
#include "tst_tensor.moc"
