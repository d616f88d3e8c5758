// SPDX-License-Identifier: Apache-2.0
// Full and read-only disks, cancelling, and memory that does not grow with the corpus.
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <sstream>

#include "engine/data/file_io.h"
#include "tests/engine/data/support.h"

using namespace moe;
using namespace moe::data;
using namespace moe::data::test;

namespace {

// Files of this process may not grow beyond `bytes` while this lives; writes then fail with EFBIG.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    previous_ = std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &saved_);
    const rlimit limit{bytes, saved_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &saved_);
    std::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit saved_{};
  void (*previous_)(int);
};

// Gives freed memory back and lets the peak begin anew, so that what follows is measured alone.
bool reset_peak() {
  ::malloc_trim(0);
  std::ofstream file("/proc/self/clear_refs");
  file << "5" << std::flush;
  return file.good();
}

long peak_kilobytes() {
  std::istringstream status(read("/proc/self/status"));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return -1;
}

}  // namespace

class TestCorpusFaults : public QObject {
  Q_OBJECT
 private slots:
  void a_failing_write_leaves_nothing_data();
  void a_failing_write_leaves_nothing();
  void an_old_cache_survives_a_failing_rebuild();
  void a_read_only_folder_is_named();
  void a_disk_that_is_too_small_is_told_first();
  void cancel_data();
  void cancel();
  void staged_files_appear_whole();
  void one_huge_line_needs_little_memory();
};

void TestCorpusFaults::a_failing_write_leaves_nothing_data() {
  QTest::addColumn<qulonglong>("limit");
  for (const qulonglong limit : {0ull, 1000ull, 4096ull, 10'000ull, 100'000ull})
    QTest::addRow("%llu bytes", limit) << limit;
}

void TestCorpusFaults::a_failing_write_leaves_nothing() {
  QFETCH(qulonglong, limit);
  Folder folder;
  const fs::path file = write(folder / "x.txt", sample(0, 600'000));
  std::optional<Error> error;
  {
    const FileSizeLimit guard(limit);
    error = error_of([&] { open_dataset(options_for(file, folder / "cache")); });
  }
  QVERIFY(error);
  QCOMPARE(error->kind(), ErrorKind::resource);
  QVERIFY2(error->summary().find("File too large") != std::string::npos, error->what());
  QVERIFY(!error->where().empty() && !error->action().empty());
  QVERIFY(!contains(listing(folder / "cache"), "tokens.bin"));
  QVERIFY(!contains(listing(folder / "cache"), ".tmp"));
}

void TestCorpusFaults::an_old_cache_survives_a_failing_rebuild() {
  Folder folder;
  const fs::path file = write(folder / "x.txt", sample(0, 100'000)), cache = folder / "cache";
  open_dataset(options_for(file, cache));
  const auto before = listing(cache);
  const std::string tokens = read(cache / "tokens.bin"), model = read(cache / "tokenizer.model");
  write(file, sample(1, 600'000));
  {
    const FileSizeLimit guard(4096);
    QVERIFY(error_of([&] { open_dataset(options_for(file, cache)); }));
  }
  QCOMPARE(listing(cache), before);
  QCOMPARE(read(cache / "tokens.bin"), tokens);
  QCOMPARE(read(cache / "tokenizer.model"), model);
}

// A folder inside a file can be made by nobody, not even by root.
void TestCorpusFaults::a_read_only_folder_is_named() {
  Folder folder;
  const fs::path file = write(folder / "x.txt", sample(0, 50'000));
  for (const fs::path& path : {fs::path(), file}) {
    const auto error = error_of([&] { open_dataset(options_for(path, file / "cache")); });
    QVERIFY(error && error->kind() == ErrorKind::resource);
    QVERIFY(error->where().find("cache") != std::string::npos);
  }
}

// A file with a hole of 8 TB needs a cache that no disk here has room for; nothing of it is tokenized.
void TestCorpusFaults::a_disk_that_is_too_small_is_told_first() {
  Folder folder;
  const fs::path file = write(folder / "x.txt", sample(0, 50'000));
  std::error_code failed;
  fs::resize_file(file, std::uintmax_t{8} << 40, failed);
  if (failed || fs::space(folder.path()).available > (std::uintmax_t{2} << 40)) QSKIP("the file system cannot show it");
  const auto error = error_of([&] { open_dataset(options_for(file, folder / "cache")); });
  QVERIFY(error && error->kind() == ErrorKind::resource);
  QVERIFY2(error->limit().find("MB are free") != std::string::npos, error->what());
  QVERIFY(listing(folder / "cache").empty());
}

void TestCorpusFaults::cancel_data() {
  QTest::addColumn<QString>("stage");
  for (const char* stage : {"reading", "training tokenizer", "tokenizing"}) QTest::newRow(stage) << QString(stage);
}

void TestCorpusFaults::cancel() {
  QFETCH(QString, stage);
  Folder folder;
  for (int i = 0; i < 200; ++i) write(folder / "corpus" / (std::to_string(i) + ".txt"), sample(i % 8, 20'000));
  std::uint64_t last = 0;
  const auto progress = [&](const Progress& p) {
    if (p.stage == "tokenizing") {
      if (p.done < last || p.total < p.done) return false;
      last = p.done;
    }
    return p.stage != stage.toStdString();
  };
  const auto error = error_of([&] { open_dataset(options_for(folder / "corpus", folder / "cache"), progress); });
  QVERIFY(error && error->kind() == ErrorKind::failure);
  QCOMPARE(error->summary(), std::string("cancelled"));
  QVERIFY(listing(folder / "cache").empty());
}

void TestCorpusFaults::staged_files_appear_whole() {
  Folder folder;
  const fs::path target = write(folder / "f", "old");
  {
    StagedFile staged(target);
    staged.write("new", 3);
    QCOMPARE(read(target), std::string("old"));
  }
  QCOMPARE(read(target), std::string("old"));
  QCOMPARE(listing(folder.path()), std::vector<std::string>{"f"});
  StagedFile staged(target);
  const std::string big(3'000'000, 'x');
  staged.write(big.data(), big.size());
  staged.write_at(1, "yz", 2);
  staged.commit();
  QCOMPARE(read(target), "xyz" + big.substr(3));
}

// One line of 128 MiB: the peak may grow by buffers, caches and the index, not with the text.
void TestCorpusFaults::one_huge_line_needs_little_memory() {
  Folder folder;
  const fs::path file = folder / "line.txt";
  {
    std::string block;
    for (int i = 0; block.size() < (1 << 20); ++i) block += "word" + std::to_string(i % 997) + " ";
    block.resize(1 << 20);
    std::ofstream out(file, std::ios::binary);
    for (int i = 0; i < 128; ++i) out << block;
  }
  DatasetOptions options = options_for(file, folder / "cache");
  options.tokenizer_model =
      folder / "run/tokenizer.model";  // the trainer's memory (a sample of 2 MiB) is bounded anyway
  open_dataset(options_for({}, folder / "run"));
  if (!reset_peak()) QSKIP("the peak cannot be reset here");
  const long before = peak_kilobytes();
  const auto data = open_dataset(options);
  const long grown = peak_kilobytes() - before;
  qInfo("peak memory grew by %ld kB, %llu tokens", grown, static_cast<unsigned long long>(data->train_tokens()));
  QVERIFY(before > 0 && (grown < 24 * 1024 || !kMeasured));
  QVERIFY(data->train_tokens() > 10'000'000);
}

QTEST_GUILESS_MAIN(TestCorpusFaults)
#include "tst_corpus_faults.moc"
