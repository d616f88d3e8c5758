// SPDX-License-Identifier: Apache-2.0
// The token cache: windows, labels, the held-out split, reuse and rebuilding.
#include <cmath>
#include <map>
#include <set>

#include "engine/data/document_split.h"
#include "engine/data/token_cache.h"
#include "tests/engine/data/support.h"

using namespace moe;
using namespace moe::data;
using namespace moe::data::test;

namespace {

// Three domains; each document begins with its own marker, which no other holds.
std::string marker(int domain, int file) {
  return "Marker" + std::string(1, static_cast<char>('A' + domain)) + std::to_string(file) + ".";
}

fs::path make_corpus(const Folder& folder, int files = 30) {
  const char* names[] = {"alpha", "beta", "gamma"};
  for (int d = 0; d < 3; ++d) {
    for (int f = 0; f < files; ++f) {
      std::string text = marker(d, f) + "\n";
      for (int i = 0; i < 12; ++i)
        text += sample(d, 300, static_cast<std::uint64_t>(f * 100 + i)).substr(0, 100) + marker(d, f) + "\n";
      write(folder / "corpus" / names[d] / (std::to_string(f) + ".txt"), text);
    }
  }
  return folder / "corpus";
}

void same(const Batch& a, const Batch& b) {
  QCOMPARE(a.inputs, b.inputs);
  QCOMPARE(a.targets, b.targets);
  QCOMPARE(a.domains, b.domains);
}

std::set<std::string> markers_in(const std::string& text) {
  std::set<std::string> found;
  for (std::size_t at = text.find("Marker"); at != std::string::npos; at = text.find("Marker", at + 1)) {
    const std::size_t end = text.find('.', at);
    if (end != std::string::npos) found.insert(text.substr(at, end - at));
  }
  return found;
}

}  // namespace

class TestCorpusCache : public QObject {
  Q_OBJECT
 private slots:
  void batches_are_pure_and_shifted();
  void labels_and_shares_are_right();
  void held_out_never_trains();
  void windows_cover_documents_in_turns();
  void one_document_gives_its_tail();
  void split_rules_data();
  void split_rules();
  void unigram_loss_is_an_entropy();
  void reused_when_nothing_changed();
  void rebuilt_when_torn_data();
  void rebuilt_when_torn();
  void a_trusted_cache_outlives_its_source();
  void a_given_tokenizer_is_used();
};

void TestCorpusCache::batches_are_pure_and_shifted() {
  Folder folder;
  const fs::path root = make_corpus(folder);
  const auto one = open_dataset(options_for(root, folder / "c1")), two = open_dataset(options_for(root, folder / "c2"));
  Batch a, b, other;
  one->batch(7, 12, 1, 8, 32, a);
  two->batch(7, 13, 0, 8, 32, b);
  two->batch(7, 12, 1, 8, 32, b);
  same(a, b);
  for (const auto& [seed, step, micro] : {std::tuple{8u, 12u, 1}, {7u, 11u, 1}, {7u, 12u, 0}}) {
    one->batch(seed, step, micro, 8, 32, other);
    QVERIFY(other.inputs != a.inputs);
  }
  for (std::size_t row = 0; row < 8; ++row) {
    for (std::size_t i = 0; i + 1 < 32; ++i) QCOMPARE(a.targets[row * 32 + i], a.inputs[row * 32 + i + 1]);
  }
  // A row does not depend on how many rows there are.
  one->batch(7, 12, 1, 2, 32, other);
  QVERIFY(std::equal(other.inputs.begin(), other.inputs.end(), a.inputs.begin()));
}

void TestCorpusCache::labels_and_shares_are_right() {
  Folder folder;
  const auto data = open_dataset(options_for(make_corpus(folder), folder / "cache"));
  std::vector<double> seen(3, 0.0);
  Batch batch;
  for (std::uint64_t step = 0; step < 300; ++step) {
    data->batch(1, step, 0, 16, 32, batch);
    for (std::size_t row = 0; row < 16; ++row) {
      for (std::size_t i = row * 32; i < row * 32 + 32;) {  // stretches of one label
        std::vector<std::int32_t> ids;
        const std::int32_t label = batch.domains[i];
        for (; i < row * 32 + 32 && batch.domains[i] == label; ++i) ids.push_back(batch.inputs[i]);
        seen[static_cast<std::size_t>(label)] += static_cast<double>(ids.size()) / (300 * 16 * 32);
        for (const std::string& found : markers_in(data->tokenizer().decode(ids)))
          QCOMPARE(found[6], static_cast<char>('A' + label));
      }
    }
  }
  for (std::size_t d = 0; d < 3; ++d) QVERIFY(std::abs(seen[d] - data->corpus_share()[d]) < 0.02);
}

void TestCorpusCache::held_out_never_trains() {
  Folder folder;
  const auto data = open_dataset(options_for(make_corpus(folder), folder / "cache"));
  std::set<std::string> held, trained;
  for (int d = 0; d < 3; ++d) {
    const auto windows = data->held_out(d, 1000, 32);
    QVERIFY(!windows.empty());
    for (const Window& window : windows) {
      QCOMPARE(window.domain, d);
      QVERIFY(window.tokens.size() >= 2 && window.tokens.size() <= 33);
      held.merge(markers_in(data->tokenizer().decode(window.tokens)));
    }
  }
  Batch batch;
  for (std::uint64_t step = 0; step < 2000; ++step) {
    data->batch(3, step, 0, 4, 32, batch);
    for (std::size_t row = 0; row < 4; ++row) {
      trained.merge(
          markers_in(data->tokenizer().decode({batch.inputs.begin() + static_cast<std::ptrdiff_t>(row * 32),
                                               batch.inputs.begin() + static_cast<std::ptrdiff_t>(row * 32 + 32)})));
    }
  }
  QVERIFY(held.size() >= 3 && trained.size() > 60);
  for (const std::string& m : held) QVERIFY2(!trained.contains(m), m.c_str());
}

void TestCorpusCache::windows_cover_documents_in_turns() {
  Folder folder;
  DatasetOptions options = options_for(make_corpus(folder), folder / "cache");
  options.validation_fraction = 0.3;
  const auto data = open_dataset(options);
  const auto windows = data->held_out(1, 1'000'000, 32);
  const auto few = data->held_out(1, 3, 32);
  QCOMPARE(few.size(), std::size_t{3});
  QVERIFY(few[0].document != few[1].document && few[1].document != few[2].document);
  for (std::size_t i = 0; i < 3; ++i) QCOMPARE(few[i].tokens, windows[i].tokens);
  // Joined at the overlap, the windows of a document are the document.
  std::map<std::uint64_t, std::vector<std::int32_t>> joined;
  for (const Window& window : windows) {
    auto& tokens = joined[window.document];
    if (!tokens.empty()) {
      QCOMPARE(tokens.back(), window.tokens.front());
      tokens.pop_back();
    }
    tokens.insert(tokens.end(), window.tokens.begin(), window.tokens.end());
  }
  for (const auto& [document, tokens] : joined) QCOMPARE(tokens.back(), data->tokenizer().eos());
}

void TestCorpusCache::one_document_gives_its_tail() {
  Folder folder;
  const std::string text = sample(0, 20'000) + "The very last words of all.\n";
  const auto data = open_dataset(options_for(write(folder / "one.txt", text), folder / "cache"));
  std::string tail;
  const auto windows = data->held_out(0, 10'000, 32);
  QVERIFY(windows.size() > 5);
  for (const Window& window : windows) tail += data->tokenizer().decode(window.tokens);
  QVERIFY(tail.find("last words") != std::string::npos);
  QVERIFY(std::isfinite(data->unigram_loss(0)));
  Batch batch;
  for (std::uint64_t step = 0; step < 3000; ++step) {
    data->batch(1, step, 0, 1, 32, batch);
    QVERIFY(data->tokenizer().decode(batch.inputs).find("very last") == std::string::npos);
  }
}

void TestCorpusCache::split_rules_data() {
  QTest::addColumn<int>("documents");
  QTest::addColumn<int>("length");
  QTest::addColumn<double>("fraction");
  QTest::addColumn<int>("held_low");
  QTest::addColumn<int>("held_high");
  QTest::newRow("many") << 1000 << 100 << 0.05 << 30 << 75;
  QTest::newRow("two") << 2 << 200 << 0.05 << 1 << 1;
  QTest::newRow("two, half") << 2 << 200 << 0.5 << 1 << 1;
  QTest::newRow("one") << 1 << 1000 << 0.05 << 1 << 1;
  QTest::newRow("one, tiny") << 1 << 3 << 0.05 << 0 << 0;
  QTest::newRow("too small to hold out") << 2 << 60 << 0.5 << 0 << 0;
  QTest::newRow("nothing asked") << 50 << 100 << 0.0 << 0 << 0;
}

void TestCorpusCache::split_rules() {
  QFETCH(int, documents);
  QFETCH(int, length);
  QFETCH(double, fraction);
  QFETCH(int, held_low);
  QFETCH(int, held_high);
  std::vector<SplitDocument> all;
  for (int i = 0; i < documents; ++i) {
    const auto n = static_cast<std::uint64_t>(i);
    all.push_back(
        {n * static_cast<std::uint64_t>(length), static_cast<std::uint32_t>(length), 0, (n + 1) * 0x9E3779B97F4A7C15u});
  }
  const SplitResult result = split_documents(all, {fraction, 101});
  const auto held = static_cast<int>(result.documents.size() - result.train);
  QVERIFY2(held >= held_low && held <= held_high, std::to_string(held).c_str());
  std::uint64_t tokens = 0, position = 0;
  for (std::size_t i = 0; i < result.documents.size(); ++i) {
    tokens += result.documents[i].length;
    if (i >= result.train) continue;
    QCOMPARE(result.documents[i].start, position);
    position += result.documents[i].length;
  }
  QCOMPARE(tokens, static_cast<std::uint64_t>(documents) * static_cast<std::uint64_t>(length));
}

void TestCorpusCache::unigram_loss_is_an_entropy() {
  Folder folder;
  const auto data = open_dataset(options_for(make_corpus(folder), folder / "cache"));
  for (int d = 0; d < 3; ++d) {
    const double loss = data->unigram_loss(d);
    QVERIFY(loss > 2.0 && loss < std::log(data->tokenizer().vocabulary()) + 0.5);
  }
}

void TestCorpusCache::reused_when_nothing_changed() {
  Folder folder;
  const fs::path root = make_corpus(folder, 4), cache = folder / "cache";
  const std::string file = (open_dataset(options_for(root, cache)), read(cache / "tokens.bin"));
  QCOMPARE(listing(cache), (std::vector<std::string>{"tokenizer.model", "tokens.bin"}));
  bool tokenized = false;
  const auto watch = [&](const Progress& p) { return tokenized = tokenized || p.stage == "tokenizing", true; };
  const auto written = fs::last_write_time(cache / "tokens.bin");
  open_dataset(options_for(root, cache), watch);
  QVERIFY(!tokenized);
  QCOMPARE(fs::last_write_time(cache / "tokens.bin"), written);
  write(root / "alpha/new.txt", "A new file with some words.\n");
  open_dataset(options_for(root, cache), watch);
  QVERIFY(tokenized);
  QVERIFY(read(cache / "tokens.bin") != file);
  tokenized = false;
  open_dataset(options_for(root, cache, 400), watch);  // another vocabulary
  QVERIFY(tokenized);
}

void TestCorpusCache::rebuilt_when_torn_data() {
  QTest::addColumn<QString>("damage");
  for (const char* damage :
       {"truncated", "longer", "token", "header", "facts", "empty", "no tokenizer", "other tokenizer"}) {
    QTest::newRow(damage) << QString(damage);
  }
}

void TestCorpusCache::rebuilt_when_torn() {
  QFETCH(QString, damage);
  Folder folder;
  const fs::path root = make_corpus(folder, 4), cache = folder / "cache", tokens = cache / "tokens.bin";
  open_dataset(options_for(root, cache));
  const std::string good = read(tokens), model = read(cache / "tokenizer.model");
  std::string bad = good;
  if (damage == "truncated") bad.resize(bad.size() / 2);
  if (damage == "longer") bad += "x";
  if (damage == "token") bad[5000] = static_cast<char>(bad[5000] ^ 1);
  if (damage == "header") bad[20] = static_cast<char>(bad[20] ^ 1);
  if (damage == "facts") bad[bad.size() - 3] = static_cast<char>(bad[bad.size() - 3] ^ 1);
  if (damage == "empty") bad.clear();
  if (bad != good) write(tokens, bad);
  if (damage == "no tokenizer") fs::remove(cache / "tokenizer.model");
  if (damage == "other tokenizer")
    open_dataset(options_for({}, cache, 300)), fs::remove(cache / "tokenizer.model"),
        open_dataset(options_for({}, cache, 300));
  if (bad != good) QVERIFY(!TokenCache::open(tokens));
  open_dataset(options_for(root, cache));
  QCOMPARE(read(tokens), good);
  QCOMPARE(read(cache / "tokenizer.model"), model);
}

void TestCorpusCache::a_trusted_cache_outlives_its_source() {
  Folder folder;
  const fs::path root = make_corpus(folder, 4);
  DatasetOptions options = options_for(root, folder / "cache");
  Batch before, after;
  open_dataset(options)->batch(1, 5, 0, 4, 32, before);
  options.trust_cache = true;
  write(root / "alpha/new.txt", sample(4, 3000));
  open_dataset(options)->batch(1, 5, 0, 4, 32, after);
  same(before, after);
  fs::remove_all(root);
  const auto data = open_dataset(options);
  data->batch(1, 5, 0, 4, 32, after);
  same(before, after);
  QVERIFY(contains(data->notes(), "not there any more"));
  options.trust_cache = false;
  QVERIFY(error_of([&] { open_dataset(options); })->kind() == ErrorKind::bad_input);
}

void TestCorpusCache::a_given_tokenizer_is_used() {
  Folder folder;
  const auto embedded = open_dataset(options_for({}, folder / "run", 320));
  DatasetOptions options = options_for(make_corpus(folder, 4), folder / "eval");
  options.tokenizer_model = folder / "run/tokenizer.model";
  QCOMPARE(open_dataset(options)->tokenizer().bytes(), embedded->tokenizer().bytes());
  options.cache_dir.clear();  // a scratch folder, removed with the dataset
  QCOMPARE(open_dataset(options)->tokenizer().bytes(), embedded->tokenizer().bytes());
}

QTEST_GUILESS_MAIN(TestCorpusCache)
#include "tst_corpus_cache.moc"
