// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <atomic>
#include <stdexcept>

#include "engine/core/thread_pool.h"

using namespace moe;

class TestThreadPool : public QObject {
  Q_OBJECT
 private slots:
  void every_task_once_data();
  void every_task_once();
  void many_small_loops();
  void wakes_up_after_sleep();
  void nested_calls_run_inline();
  void exceptions_reach_the_caller();
  void start_hook_runs_in_each_thread();
};

void TestThreadPool::every_task_once_data() {
  QTest::addColumn<int>("threads");
  for (const int threads : {1, 2, 3, 8}) QTest::addRow("%d threads", threads) << threads;
}

void TestThreadPool::every_task_once() {
  QFETCH(int, threads);
  ThreadPool pool(threads);
  QCOMPARE(pool.threads(), threads);
  for (const int tasks : {0, 1, 2, 7, 1000}) {
    std::vector<std::atomic<int>> done(static_cast<std::size_t>(tasks));
    pool.parallel_for(tasks, [&](std::int64_t i) {
      QVERIFY(ThreadPool::slot() >= 0 && ThreadPool::slot() < threads);
      done[std::size_t(i)].fetch_add(1);
    });
    for (const auto& count : done) QCOMPARE(count.load(), 1);
  }
}

void TestThreadPool::many_small_loops() {
  ThreadPool pool(3);
  std::atomic<std::int64_t> total{0};
  for (int loop = 0; loop < 20000; ++loop)
    pool.parallel_for(3, [&](std::int64_t i) { total.fetch_add(i + 1, std::memory_order_relaxed); });
  QCOMPARE(total.load(), std::int64_t(120000));
}

void TestThreadPool::wakes_up_after_sleep() {
  ThreadPool pool(2);
  for (int i = 0; i < 5; ++i) {
    QTest::qSleep(20);  // far longer than workers spin
    std::atomic<int> started{0};
    // Both tasks wait for each other, so this only ends when the worker has woken up.
    pool.parallel_for(2, [&](std::int64_t) {
      started.fetch_add(1);
      while (started.load() < 2) std::this_thread::yield();
    });
    QCOMPARE(started.load(), 2);
  }
}

void TestThreadPool::nested_calls_run_inline() {
  ThreadPool pool(3);
  std::atomic<int> inner{0};
  pool.parallel_for(6, [&](std::int64_t) {
    const auto outer = std::this_thread::get_id();
    pool.parallel_for(5, [&](std::int64_t) {
      QVERIFY(std::this_thread::get_id() == outer);
      inner.fetch_add(1);
    });
  });
  QCOMPARE(inner.load(), 30);
}

void TestThreadPool::exceptions_reach_the_caller() {
  ThreadPool pool(3);
  for (int repeat = 0; repeat < 20; ++repeat) {
    bool caught = false;
    try {
      pool.parallel_for(50, [](std::int64_t i) {
        if (i % 10 == 3) throw std::runtime_error("task");
      });
    } catch (const std::runtime_error& e) {
      caught = std::string(e.what()) == "task";
    }
    QVERIFY(caught);
    std::atomic<int> done{0};
    pool.parallel_for(50, [&](std::int64_t) { done.fetch_add(1); });
    QCOMPARE(done.load(), 50);
  }
}

void TestThreadPool::start_hook_runs_in_each_thread() {
  static std::atomic<int> started{0};
  started = 0;
  {
    ThreadPool pool(4, [] { started.fetch_add(1); });
  }
  QCOMPARE(started.load(), 3);
}

QTEST_GUILESS_MAIN(TestThreadPool)
#include "tst_thread_pool.moc"
