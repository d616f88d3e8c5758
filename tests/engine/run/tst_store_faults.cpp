// SPDX-License-Identifier: Apache-2.0
// Full, read-only, torn and foreign files, and a writer that is killed.
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <random>

#include "engine/core/error.h"
#include "tests/engine/run/store_fixture.h"
#include "tests/engine/run/tiny_disk.h"

namespace fs = std::filesystem;
using namespace moe::run;
using moe::Error;
using moe::ErrorKind;
using test::report_of;
using test::same;

namespace {

bool private_mounts = false;

void fill(Store& store, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step <= to; ++step) store.append(report_of(step));
}

template <class Action>
std::optional<Error> error_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

}  // namespace

class TestStoreFaults : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    temporary_ = std::make_unique<QTemporaryDir>();
    base_ = fs::path(temporary_->path().toStdString());
    file_ = base_ / "metrics.sqlite";
  }
  void full_disk_loses_nothing();
  void file_size_limit_loses_nothing();
  void read_only_disk();
  void every_truncation_is_found();
  void flips_never_crash_and_are_mostly_found();
  void foreign_files_are_refused();
  void newer_schema_is_refused();
  void impossible_places();
  void killed_writer_keeps_what_was_committed();

 private:
  std::unique_ptr<QTemporaryDir> temporary_;
  fs::path base_, file_;
};

void TestStoreFaults::full_disk_loses_nothing() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a full disk is not tested");
  test::TinyDisk disk(base_ / "disk", "size=1m");
  QVERIFY(disk.mounted());
  Store store = Store::create(disk.path() / "metrics.sqlite");
  fill(store, 1, 10);
  store.commit();
  fill(store, 11, 5000);
  const auto error = error_of([&] { store.commit(); });
  QVERIFY(error);
  QVERIFY2(error->kind() == ErrorKind::resource && !error->action().empty(), error->what());
  QCOMPARE(store.last_step(), std::int64_t{10});
  QVERIFY(disk.remount(0, "size=64m"));
  store.commit();  // what was appended is still there
  QCOMPARE(store.last_step(), std::int64_t{5000});
  QVERIFY(same(store.steps(4000, 4000, 1).at(0), report_of(4000)));
  store.verify();
}

void TestStoreFaults::file_size_limit_loses_nothing() {
  Store store = Store::create(file_);
  fill(store, 1, 10);
  store.commit();
  store.append(Edit{3, "router.noise", "0", "1"});
  fill(store, 11, 500);
  {
    const test::FileSizeLimit limit(fs::file_size(file_.string() + "-wal") + 4096);
    const auto error = error_of([&] { store.commit(); });
    QVERIFY(error);
    QVERIFY2(error->kind() == ErrorKind::resource, error->what());
  }
  QCOMPARE(store.edits().size(), std::size_t{1});
  store.commit();
  QCOMPARE(store.last_step(), std::int64_t{500});
  store.verify();
}

void TestStoreFaults::read_only_disk() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a read-only disk is not tested");
  test::TinyDisk disk(base_ / "disk", "size=8m");
  QVERIFY(disk.mounted());
  const fs::path file = disk.path() / "metrics.sqlite";
  {
    Store store = Store::create(file);
    fill(store, 1, 20);
    store.commit();
  }
  QVERIFY(disk.remount(MS_RDONLY, "size=8m"));
  const auto error = error_of([&] {
    Store store = Store::create(file);
    fill(store, 21, 22);
    store.commit();
  });
  QVERIFY(error);
  QVERIFY2(error->kind() == ErrorKind::resource, error->what());
  QCOMPARE(Store::open_read_only(file).last_step(), std::int64_t{20});  // it can still be looked at
}

void TestStoreFaults::every_truncation_is_found() {
  {
    Store store = Store::create(file_);
    fill(store, 1, 200);
    store.commit();
  }
  const auto whole = fs::file_size(file_);
  const fs::path copy = base_ / "copy.sqlite";
  for (std::uintmax_t size = 1; size < whole; size += size < 200 ? 1 : 1777) {
    fs::copy_file(file_, copy, fs::copy_options::overwrite_existing);
    fs::resize_file(copy, size);
    for (const bool writing : {false, true}) {
      const auto error = error_of([&] { (writing ? Store::create(copy) : Store::open_read_only(copy)).verify(); });
      QVERIFY2(error, QByteArray::number(static_cast<qulonglong>(size)));
      QVERIFY2(error->kind() == ErrorKind::bad_input, error->what());
      QVERIFY2(error->where() == copy.string() && QByteArray(error->what()).contains("checkpoints"), error->what());
    }
  }
}

void TestStoreFaults::flips_never_crash_and_are_mostly_found() {
  {
    Store store = Store::create(file_);
    fill(store, 1, 200);
    store.commit();
  }
  std::ifstream in(file_, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  const fs::path copy = base_ / "copy.sqlite";
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::string bytes = whole;
    for (int flip = 0; flip < 20; ++flip) bytes[random() % bytes.size()] = static_cast<char>(random());
    std::ofstream(copy, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    const auto error = error_of([&] {
      const Store store = Store::open_read_only(copy);
      store.verify();
      (void)store.steps(0, 1000, 1000);
      (void)store.window(0, 1000);
    });
    if (error) QVERIFY2(error->kind() == ErrorKind::bad_input, error->what());
  }
}

void TestStoreFaults::foreign_files_are_refused() {
  std::ofstream(file_) << std::string(5000, 'x');
  for (const bool writing : {false, true}) {
    const auto error = error_of([&] { writing ? Store::create(file_) : Store::open_read_only(file_); });
    QVERIFY(error && error->kind() == ErrorKind::bad_input);
  }
  QCOMPARE(fs::file_size(file_), std::uintmax_t{5000});  // and left alone
  const fs::path other = base_ / "other.sqlite";
  sqlite3* handle = nullptr;
  QCOMPARE(sqlite3_open(other.c_str(), &handle), SQLITE_OK);
  QCOMPARE(sqlite3_exec(handle, "CREATE TABLE steps (a)", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  const auto error = error_of([&] { Store::create(other); });
  QVERIFY(error);
  QVERIFY2(QByteArray(error->what()).contains("is not the metrics store"), error->what());
}

void TestStoreFaults::newer_schema_is_refused() {
  { const Store store = Store::create(file_); }
  sqlite3* handle = nullptr;
  QCOMPARE(sqlite3_open(file_.c_str(), &handle), SQLITE_OK);
  QCOMPARE(sqlite3_exec(handle, "PRAGMA user_version = 2", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(handle);
  const auto error = error_of([&] { Store::open_read_only(file_); });
  QVERIFY(error);
  QVERIFY2(
      QByteArray(error->what()).contains("schema version 2") && QByteArray(error->what()).contains("reads version 1"),
      error->what());
}

void TestStoreFaults::impossible_places() {
  QCOMPARE(error_of([&] { Store::open_read_only(base_ / "missing"); })->kind(), ErrorKind::bad_input);
  QCOMPARE(error_of([&] { Store::create(base_ / "missing/metrics.sqlite"); })->kind(), ErrorKind::resource);
  QCOMPARE(error_of([&] { Store::create(base_); })->kind(), ErrorKind::resource);
  const fs::path odd = base_ / "a?b#c %41.sqlite";
  { const Store store = Store::create(odd); }
  QVERIFY(fs::exists(odd));
}

void TestStoreFaults::killed_writer_keeps_what_was_committed() {
  std::mt19937 random(7);
  std::int64_t last = 0;
  { const Store store = Store::create(file_); }
  for (int kill = 0; kill < 25; ++kill) {
    int reports[2];
    QCOMPARE(::pipe(reports), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        Store store = Store::create(file_);
        for (std::int64_t step = last + 1;; ++step) {
          store.append(report_of(step));
          store.append(Edit{step, "router.noise", "0", "1"});
          store.commit();
          if (::write(reports[1], &step, sizeof step) != sizeof step) ::_exit(3);
        }
      } catch (const Error&) {
        ::_exit(4);
      }
    }
    ::close(reports[1]);
    ::usleep(std::uniform_int_distribution<useconds_t>(1000, 30'000)(random));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    QVERIFY(WIFSIGNALED(status));
    std::int64_t reported = 0;
    for (std::int64_t step = 0; ::read(reports[0], &step, sizeof step) == sizeof step;) reported = step;
    ::close(reports[0]);
    Store store = Store::create(file_);
    store.verify();
    QVERIFY(store.last_step() >= reported && store.last_step() >= last);
    QVERIFY(static_cast<std::int64_t>(store.edits().size()) >= std::max(last, reported));
    store.truncate_after(store.last_step(), false);  // an edit of a step that was not committed
    last = store.last_step();
    QCOMPARE(static_cast<std::int64_t>(store.edits().size()), last);
  }
  QVERIFY(last > 0);
}

int main(int argc, char** argv) {
  ::signal(SIGXFSZ, SIG_IGN);
  private_mounts = test::enter_private_mounts();
  QCoreApplication application(argc, argv);
  TestStoreFaults test;
  return QTest::qExec(&test, argc, argv);
}
#include "tst_store_faults.moc"
