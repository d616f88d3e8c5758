// SPDX-License-Identifier: Apache-2.0
#include <QElapsedTimer>
#include <QTemporaryDir>
#include <QtTest>
#include <atomic>
#include <thread>

#include "engine/core/error.h"
#include "tests/engine/run/store_fixture.h"

namespace fs = std::filesystem;
using namespace moe::run;
using test::report_of;
using test::same;

class TestStore : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    temporary_ = std::make_unique<QTemporaryDir>();
    file_ = fs::path(temporary_->path().toStdString()) / "metrics.sqlite";
  }
  void steps_round_trip();
  void absent_stays_absent();
  void buffered_until_commit();
  void edits_are_there_at_once();
  void evals_probes_events_and_meta();
  void stride_data();
  void stride();
  void stride_is_anchored();
  void window_sums();
  void window_is_fast();
  void truncated_after_a_step_data();
  void truncated_after_a_step();
  void steps_can_be_written_again();
  void readers_see_whole_commits_while_writing();

 private:
  Store filled(std::int64_t steps) {
    Store store = Store::create(file_);
    for (std::int64_t step = 1; step <= steps; ++step) store.append(report_of(step));
    store.commit();
    return store;
  }
  static std::vector<std::int64_t> numbers(const std::vector<moe::train::StepReport>& reports) {
    std::vector<std::int64_t> all;
    for (const auto& report : reports) all.push_back(report.step);
    return all;
  }
  std::unique_ptr<QTemporaryDir> temporary_;
  fs::path file_;
};

void TestStore::steps_round_trip() {
  { const Store store = filled(50); }
  const Store store = Store::open_read_only(file_);
  QCOMPARE(store.last_step(), std::int64_t{50});
  const auto all = store.steps(1, 50, 1000);
  QCOMPARE(all.size(), std::size_t{50});
  for (const auto& report : all) QVERIFY(same(report, report_of(report.step)));
  store.verify();
}

void TestStore::absent_stays_absent() {
  Store store = Store::create(file_);
  QCOMPARE(store.last_step(), std::int64_t{0});
  QVERIFY(store.steps(0, 100, 10).empty() && store.window(0, 100).empty());
  moe::train::StepReport nothing;
  nothing.step = 1;
  store.append(nothing);
  store.commit();
  QVERIFY(same(store.steps(1, 1, 1).at(0), nothing));
  QVERIFY(std::isnan(store.steps(1, 1, 1).at(0).loss));
}

void TestStore::buffered_until_commit() {
  Store store = Store::create(file_);
  store.append(report_of(1));
  QCOMPARE(Store::open_read_only(file_).last_step(), std::int64_t{0});
  store.commit();
  QCOMPARE(Store::open_read_only(file_).last_step(), std::int64_t{1});
}

void TestStore::edits_are_there_at_once() {
  Store store = Store::create(file_);
  store.append(report_of(1));  // does not hold the edit back
  store.append(Edit{5, "router.noise", "0", "0.3"});
  store.append(Edit{5, "router.top_k", "2", "1"});
  store.append(Edit{3, "optim.lr", "0.001", "0.0003"});
  const auto edits = Store::open_read_only(file_).edits();
  QCOMPARE(edits.size(), std::size_t{3});
  QCOMPARE(edits[0].key, std::string("optim.lr"));  // by step, then in the order they were made
  QCOMPARE(edits[1].after, std::string("0.3"));
  QCOMPARE(edits[2].key, std::string("router.top_k"));
  QCOMPARE(edits[2].before, std::string("2"));
}

void TestStore::evals_probes_events_and_meta() {
  Store store = Store::create(file_);
  store.append(moe::train::EvalReport{100, 2.5, {1.0, moe::train::kAbsent, 4.0}, 999});
  store.append_probe(50, "{\"a\": 1}");
  store.append_probe(100, "{\"a\": 2}");
  store.append_event(60, "checkpoint", {{"path", "x"}});
  store.commit();
  store.set_meta("config", {{"router.top_k", 2}});
  store.set_meta("config", {{"router.top_k", 3}});
  const Store reader = Store::open_read_only(file_);
  QCOMPARE(reader.meta("config")->at("router.top_k").get<int>(), 3);
  QVERIFY(!reader.meta("none"));
  const auto evals = reader.evals();
  QCOMPARE(evals.size(), std::size_t{1});
  QVERIFY(evals[0].loss == 2.5 && evals[0].tokens == 999 && evals[0].domain_loss.size() == 3 &&
          std::isnan(evals[0].domain_loss[1]));
  QCOMPARE(reader.probe_steps(), (std::vector<std::int64_t>{50, 100}));
  QVERIFY(!reader.probe_at(49));
  QCOMPARE(*reader.probe_at(99), std::pair(std::int64_t{50}, std::string("{\"a\": 1}")));
  QCOMPARE(reader.probe_at(1'000'000)->first, std::int64_t{100});
  const auto events = reader.events();
  QVERIFY(events.size() == 1 && events[0].kind == "checkpoint" && events[0].detail["path"] == "x" &&
          events[0].unix_time > 1.6e9);
}

void TestStore::stride_data() {
  QTest::addColumn<qlonglong>("from");
  QTest::addColumn<qlonglong>("to");
  QTest::addColumn<qulonglong>("rows");
  QTest::addColumn<qlonglong>("stride");
  QTest::newRow("all") << 0ll << 1'000'000ll << 100ull << 1ll;
  QTest::newRow("half") << 0ll << 100ll << 99ull << 2ll;
  QTest::newRow("ten") << 1ll << 100ll << 10ull << 16ll;
  QTest::newRow("part") << 33ll << 64ll << 16ull << 2ll;
  QTest::newRow("one row") << 0ll << 100ll << 1ull << 64ll;
}

void TestStore::stride() {
  QFETCH(qlonglong, from);
  QFETCH(qlonglong, to);
  QFETCH(qulonglong, rows);
  QFETCH(qlonglong, stride);
  const Store store = filled(100);
  std::vector<std::int64_t> expected;
  for (std::int64_t step = std::max(from, 1ll); step <= std::min(to, 100ll); ++step)
    if (step % stride == 0) expected.push_back(step);
  QCOMPARE(numbers(store.steps(from, to, rows)), expected);
  QVERIFY(expected.size() <= rows);
}

void TestStore::stride_is_anchored() {
  const Store store = filled(300);
  for (std::int64_t from = 1; from < 40; from += 7)
    for (const std::int64_t step : numbers(store.steps(from, 300, 40))) QCOMPARE(step % 8, std::int64_t{0});
  QVERIFY(store.steps(10, 5, 10).empty());
  QVERIFY(store.steps(1, 10, 0).empty());
}

void TestStore::window_sums() {
  const Store store = filled(20);
  const auto window = store.window(4, 9);  // steps 5 to 9
  QCOMPARE(window.size(), std::size_t{4});
  for (std::size_t layer = 0; layer < 4; ++layer) {
    std::vector<std::int64_t> load(8);
    std::vector<double> mass(8);
    double balance = 0;
    for (std::int64_t step = 5; step <= 9; ++step) {
      const auto report = report_of(step).layers[layer];
      for (std::size_t e = 0; e < 8; ++e) {
        load[e] += report.load[e];
        mass[e] += report.mass[e];
      }
      balance += report.balance_loss / 5;
    }
    QCOMPARE(window[layer].load, load);
    QCOMPARE(window[layer].mass, mass);
    QVERIFY(std::abs(window[layer].balance_loss - balance) < 1e-12);
    QCOMPARE(std::isnan(window[layer].z_loss), layer == 2);
    QVERIFY(std::isnan(window[layer].load_cv));  // of the sums, not a mean of per-step values
    QCOMPARE(window[layer].dead, 0);             // expert 1 had tokens in the even steps
  }
  QCOMPARE(store.window(6, 7)[0].dead, 1);
}

void TestStore::window_is_fast() {
  Store store = Store::create(file_);
  for (std::int64_t step = 1; step <= 1000; ++step) store.append(report_of(step, 24, 64));
  store.commit();
  QElapsedTimer timer;
  timer.start();
  QCOMPARE(store.window(0, 1000).size(), std::size_t{24});
  const auto wide = timer.nsecsElapsed() / 1000;
  timer.restart();
  QCOMPARE(store.window(999, 1000).size(), std::size_t{24});
  const auto narrow = timer.nsecsElapsed() / 1000;
  timer.restart();
  QVERIFY(!store.steps(1, 1000, 300).empty());
  qInfo(
      "24 layers of 64 experts: window of 1000 steps %lld us, of 1 step %lld us, 250 steps %lld us, %lld bytes a step",
      static_cast<long long>(wide), static_cast<long long>(narrow), static_cast<long long>(timer.nsecsElapsed() / 1000),
      static_cast<long long>(fs::file_size(file_) / 1000));
  QVERIFY(wide < 2'000'000);  // generous: sanitizers and busy machines
}

void TestStore::truncated_after_a_step_data() {
  QTest::addColumn<bool>("keep_edits");
  QTest::newRow("edits kept") << true;
  QTest::newRow("edits dropped") << false;
}

void TestStore::truncated_after_a_step() {
  QFETCH(bool, keep_edits);
  Store store = filled(20);
  for (const std::int64_t step : {5, 10, 15}) {
    store.append(Edit{step, "router.noise", "0", "1"});
    store.append(moe::train::EvalReport{step, 1.0, {}, 1});
    store.append_probe(step, "{}");
    store.append_event(step, "pause", {});
  }
  store.commit();
  store.append(report_of(21));
  store.truncate_after(10, keep_edits);
  store.commit();
  QCOMPARE(store.last_step(), std::int64_t{10});
  QCOMPARE(store.edits().size(), std::size_t{keep_edits ? 3u : 2u});
  QCOMPARE(store.evals().size(), std::size_t{2});
  QCOMPARE(store.probe_steps(), (std::vector<std::int64_t>{5, 10}));
  QCOMPARE(store.events().size(), std::size_t{2});
  store.verify();
}

void TestStore::steps_can_be_written_again() {
  Store store = filled(5);
  auto report = report_of(5);
  report.loss = 99;
  store.append(report);
  store.commit();
  QCOMPARE(store.steps(5, 5, 1).at(0).loss, 99.0);
  QCOMPARE(store.steps(1, 5, 10).size(), std::size_t{5});
}

void TestStore::readers_see_whole_commits_while_writing() {
  Store store = Store::create(file_);
  std::atomic<bool> done{false}, torn{false};
  std::atomic<int> reads{0};
  std::thread reader([&] {
    try {
      const Store mine = Store::open_read_only(file_);
      while (!done) {
        const std::int64_t last = mine.last_step();
        const auto rows = mine.steps(last - 9, last, 10);
        // Commits are of ten steps: a reader sees all of one or none.
        if (last % 10 != 0 || (last > 0 && (rows.size() != 10 || !same(rows.back(), report_of(last))))) torn = true;
        ++reads;
      }
    } catch (const moe::Error&) {
      torn = true;
    }
  });
  for (std::int64_t step = 1; step <= 2000; ++step) {
    store.append(report_of(step));
    if (step % 10 == 0) store.commit();
  }
  while (reads < 10) std::this_thread::yield();
  done = true;
  reader.join();
  QVERIFY(!torn);
}

QTEST_GUILESS_MAIN(TestStore)
#include "tst_store.moc"
