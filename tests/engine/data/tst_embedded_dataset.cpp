// SPDX-License-Identifier: Apache-2.0
// The endless dataset and the prefetcher: pure, order-free, cheap.
#include <time.h>

#include <cmath>
#include <set>

#include "engine/data/prefetch.h"
#include "tests/engine/data/support.h"

using namespace moe;
using namespace moe::data;
using namespace moe::data::test;

namespace {

// Processor time of this thread: other programs on the machine do not count.
double milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}
double milliseconds_since(double start) { return milliseconds() - start; }

bool equal(const Batch& a, const Batch& b) {
  return a.rows == b.rows && a.context == b.context && a.inputs == b.inputs && a.targets == b.targets &&
         a.domains == b.domains;
}

// Fails at one step, to see the error come back to the caller.
class Failing final : public Dataset {
 public:
  explicit Failing(const Dataset& inner) : inner_(inner) {}
  const Tokenizer& tokenizer() const override { return inner_.tokenizer(); }
  const std::vector<std::string>& domains() const override { return inner_.domains(); }
  const std::vector<double>& corpus_share() const override { return inner_.corpus_share(); }
  std::uint64_t train_tokens() const override { return 0; }
  void batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context, Batch& out) const override {
    if (step == 3) throw Error(ErrorKind::resource, "the disk is gone");
    inner_.batch(seed, step, micro, rows, context, out);
  }
  std::vector<Window> held_out(int, int, int) const override { return {}; }
  double unigram_loss(int) const override { return 0; }
  std::string description() const override { return {}; }
  const std::vector<std::string>& notes() const override { return inner_.notes(); }

 private:
  const Dataset& inner_;
};

}  // namespace

class TestEmbeddedDataset : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase() { data_ = open_dataset(options_for({}, folder_ / "run", 1024)); }
  void facts();
  void batches_are_pure();
  void rows_are_text_of_their_domain();
  void held_out_is_fixed_and_apart();
  void unigram_losses();
  void tokenizer_is_kept();
  void prefetching_changes_nothing();
  void prefetch_passes_errors_on();
  void long_contexts();
  void speed();

 private:
  Folder folder_;
  std::unique_ptr<Dataset> data_;
};

void TestEmbeddedDataset::facts() {
  QCOMPARE(data_->tokenizer().vocabulary(), 1024);
  QCOMPARE(data_->train_tokens(), std::uint64_t{0});
  QVERIFY(data_->domains().size() >= 8);
  QCOMPARE(data_->corpus_share().size(), data_->domains().size());
  QVERIFY(!data_->description().empty() && data_->notes().empty());
  DatasetOptions bad = options_for({}, folder_ / "bad");
  bad.vocabulary = 10;
  QVERIFY(error_of([&] { open_dataset(bad); })->where() == "model.vocabulary");
  bad.vocabulary = 512;
  bad.validation_fraction = std::nan("");
  QVERIFY(error_of([&] { open_dataset(bad); })->kind() == ErrorKind::usage);
}

void TestEmbeddedDataset::batches_are_pure() {
  const auto other = open_dataset(options_for({}, folder_ / "other", 1024));
  Batch a, b;
  data_->batch(4, 1000, 2, 6, 128, a);
  other->batch(4, 17, 0, 6, 128, b);
  QVERIFY(!equal(a, b));
  other->batch(4, 1000, 2, 6, 128, b);
  QVERIFY(equal(a, b));
  for (std::size_t row = 0; row < 6; ++row) {
    for (std::size_t i = 0; i + 1 < 128; ++i) QCOMPARE(a.targets[row * 128 + i], a.inputs[row * 128 + i + 1]);
  }
}

void TestEmbeddedDataset::rows_are_text_of_their_domain() {
  const auto& names = data_->domains();
  const auto index = [&](const char* name) { return std::find(names.begin(), names.end(), name) - names.begin(); };
  std::vector<int> rows(names.size(), 0);
  Batch batch;
  int json = 0, json_braces = 0;
  for (std::uint64_t step = 0; step < 200; ++step) {
    data_->batch(1, step, 0, 16, 64, batch);
    for (std::size_t row = 0; row < 16; ++row) {
      const auto first = batch.inputs.begin() + static_cast<std::ptrdiff_t>(row * 64);
      const auto label = static_cast<std::size_t>(batch.domains[row * 64]);
      QVERIFY(std::all_of(batch.domains.begin() + static_cast<std::ptrdiff_t>(row * 64),
                          batch.domains.begin() + static_cast<std::ptrdiff_t>(row * 64 + 64),
                          [&](std::int32_t d) { return d == static_cast<std::int32_t>(label); }));
      ++rows[label];
      if (static_cast<std::ptrdiff_t>(label) != index("json")) continue;
      ++json;
      json_braces += data_->tokenizer().decode({first, first + 64}).find('"') != std::string::npos ? 1 : 0;
    }
  }
  for (std::size_t d = 0; d < rows.size(); ++d) QVERIFY(std::abs(rows[d] / 3200.0 - data_->corpus_share()[d]) < 0.03);
  QVERIFY(json > 100 && json_braces * 10 > json * 9);
}

void TestEmbeddedDataset::held_out_is_fixed_and_apart() {
  const auto many = data_->held_out(2, 20, 64), few = data_->held_out(2, 5, 64);
  QCOMPARE(many.size(), std::size_t{20});
  std::set<std::vector<std::int32_t>> different;
  for (std::size_t i = 0; i < 20; ++i) {
    if (i < 5) QCOMPARE(few[i].tokens, many[i].tokens);
    QVERIFY(many[i].tokens.size() >= 2 && many[i].tokens.size() <= 65);
    different.insert(many[i].tokens);
  }
  QCOMPARE(different.size(), std::size_t{20});
}

void TestEmbeddedDataset::unigram_losses() {
  for (int d = 0; d < static_cast<int>(data_->domains().size()); ++d) {
    const double loss = data_->unigram_loss(d);
    QVERIFY(loss > 2.5 && loss < std::log(1024.0) + 1.0);
    QCOMPARE(data_->unigram_loss(d), loss);
  }
}

void TestEmbeddedDataset::tokenizer_is_kept() {
  const fs::path file = folder_ / "run/tokenizer.model";
  const auto written = fs::last_write_time(file);
  QCOMPARE(open_dataset(options_for({}, folder_ / "run", 1024))->tokenizer().bytes(), read(file));
  QCOMPARE(fs::last_write_time(file), written);
  write(folder_ / "torn/tokenizer.model", read(file).substr(0, 100));
  QCOMPARE(open_dataset(options_for({}, folder_ / "torn", 1024))->tokenizer().bytes(), read(file));
}

void TestEmbeddedDataset::prefetching_changes_nothing() {
  Prefetcher prefetcher(*data_, 9, 4, 64, 2);
  Batch expected;
  const std::pair<std::uint64_t, int> calls[] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0},
                                                 {7, 0}, {7, 1}, {8, 0}, {1, 1}, {1, 1}};
  for (const auto& [step, micro] : calls) {
    data_->batch(9, step, micro, 4, 64, expected);
    QVERIFY(equal(prefetcher.get(step, micro), expected));
  }
}

void TestEmbeddedDataset::prefetch_passes_errors_on() {
  const Failing failing(*data_);
  Prefetcher prefetcher(failing, 9, 2, 16);
  prefetcher.get(1);
  prefetcher.get(2);
  QVERIFY(error_of([&] { prefetcher.get(3); })->kind() == ErrorKind::resource);
  QVERIFY(error_of([&] { prefetcher.get(3); }));
  QCOMPARE(prefetcher.get(4).rows, 2);
}

void TestEmbeddedDataset::long_contexts() {
  Batch batch;
  data_->batch(1, 0, 0, 2, 4096, batch);
  QCOMPARE(batch.inputs.size(), std::size_t{8192});
  QVERIFY(std::count(batch.inputs.begin(), batch.inputs.end(), data_->tokenizer().eos()) > 4);
}

void TestEmbeddedDataset::speed() {
  Batch batch;
  for (std::uint64_t step = 0; step < 100; ++step) data_->batch(1, step, 0, 16, 128, batch);
  double best = 1e9;
  for (std::uint64_t round = 0; round < 10; ++round) {
    const double start = milliseconds();
    for (std::uint64_t step = 0; step < 20; ++step) data_->batch(1, 100 + round * 20 + step, 0, 16, 128, batch);
    best = std::min(best, milliseconds_since(start) / 20);
  }
  for (const int vocabulary : {512, 1024}) {
    DatasetOptions options = options_for({}, {}, vocabulary);
    const double start = milliseconds();
    open_dataset(options);
    qInfo("tokenizer of %d pieces: %.0f ms", vocabulary, milliseconds_since(start));
  }
  const std::string text = sample(0, 4 << 20, 1'000'000);
  const double start = milliseconds();
  const auto ids = data_->tokenizer().encode(text);
  qInfo("encoding prose: %.1f MB/s, %.2f bytes per token",
        static_cast<double>(text.size()) / milliseconds_since(start) / 1e3,
        static_cast<double>(text.size()) / static_cast<double>(ids.size()));
  qInfo("batch of 16 x 128: %.2f ms", best);
  QVERIFY2(best < 3.0 || !kMeasured, "a batch takes too long");
}

QTEST_GUILESS_MAIN(TestEmbeddedDataset)
#include "tst_embedded_dataset.moc"
