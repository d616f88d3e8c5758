// SPDX-License-Identifier: Apache-2.0
// Full disks, read-only disks and file size limits at every point of a save: an Error(resource), and nothing is lost.
#include <QtTest>

#include "engine/interop/file.h"
#include "engine/run/run_folder.h"
#include "tests/engine/run/checkpoint_fixture.h"
#include "tests/engine/run/tiny_disk.h"

namespace fs = std::filesystem;
using namespace moe::run;
using moe::Error;
using moe::ErrorKind;
using test::Model;

namespace {
bool private_mounts = false;
}

class TestDiskFaults : public QObject {
  Q_OBJECT
 private slots:
  void init() { temporary_ = std::make_unique<QTemporaryDir>(); }
  void file_size_limit_at_every_write();
  void space_is_asked_before_writing();
  void no_room_for_each_further_file();
  void full_disk_keeps_the_old_small_file();
  void read_only_disk();
  void read_only_disk_refuses_new_runs();

 private:
  fs::path base() const { return fs::path(temporary_->path().toStdString()); }
  // Saving step 2 fails with a resource error and step 1 stays as it was, with nothing beside it.
  void expect_refused(const fs::path& folder, Model& model, const QByteArray& says, const QByteArray& where) {
    try {
      save_checkpoint(folder, model.content(2));
      QFAIL(where + ": saved");
    } catch (const Error& error) {
      QVERIFY2(error.kind() == ErrorKind::resource, error.what());
      QVERIFY2(QByteArray(error.what()).contains(says), error.what());
      QVERIFY2(!error.where().empty() && !error.action().empty(), error.what());
    }
    QVERIFY2(test::leftovers(folder).empty(), where);
    const auto newest = newest_valid(folder);
    QCOMPARE(newest.step, std::int64_t{1});
    QVERIFY2(model.holds(newest), where);
  }
  std::unique_ptr<QTemporaryDir> temporary_;
};

void TestDiskFaults::file_size_limit_at_every_write() {
  Model model(64);
  const fs::path folder = base() / "checkpoints";
  const auto saved = save_checkpoint(folder, model.content(1));
  std::uintmax_t largest = 0;
  for (const auto& entry : fs::directory_iterator(saved.path)) largest = std::max(largest, entry.file_size());
  int refused = 0;
  for (std::uintmax_t limit = 0; limit < largest; limit += limit < 1024 ? 37 : 997) {
    const test::FileSizeLimit file_size(limit);
    expect_refused(folder, model, "File too large", "limit " + QByteArray::number(static_cast<qulonglong>(limit)));
    ++refused;
  }
  QVERIFY(refused > 30);
  save_checkpoint(folder, model.content(2));
  QVERIFY(model.holds(newest_valid(folder)));
}

void TestDiskFaults::space_is_asked_before_writing() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a full disk is not tested");
  const test::TinyDisk disk(base() / "disk", "size=1m");
  QVERIFY(disk.mounted());
  Model small(8), large(16384);
  save_checkpoint(disk.path() / "checkpoints", small.content(1));
  try {
    save_checkpoint(disk.path() / "checkpoints", large.content(2));
    QFAIL("saved");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::resource);
    QVERIFY2(QByteArray(error.what()).contains("bytes and the disk has"), error.what());
  }
  QVERIFY(small.holds(newest_valid(disk.path() / "checkpoints")));
  QVERIFY(test::leftovers(disk.path() / "checkpoints").empty());
}

void TestDiskFaults::no_room_for_each_further_file() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a full disk is not tested");
  Model model;
  int refused = 0;
  // The first save takes root, folder, checkpoint and seven files; the second finds no room for its folder,
  // then for each of its files.
  for (int inodes = 10;; ++inodes) {
    QVERIFY(inodes < 40);
    test::TinyDisk disk(base() / "disk", "size=8m,nr_inodes=100");
    QVERIFY(disk.mounted());
    const fs::path folder = disk.path() / "checkpoints";
    save_checkpoint(folder, model.content(1));
    if (!disk.remount(0, "size=8m,nr_inodes=" + std::to_string(inodes))) continue;  // fewer than are in use
    try {
      save_checkpoint(folder, model.content(2));
      QCOMPARE(newest_valid(folder).step, std::int64_t{2});
      break;
    } catch (const Error&) {
    }
    expect_refused(folder, model, "No space left", QByteArray::number(inodes));
    ++refused;
  }
  QCOMPARE(refused, 8);  // the folder, six files of content and the manifest
}

void TestDiskFaults::full_disk_keeps_the_old_small_file() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a full disk is not tested");
  const test::TinyDisk disk(base() / "disk", "size=256k");
  QVERIFY(disk.mounted());
  const fs::path file = disk.path() / "run.json";
  write_file_atomically(file, "first");
  try {
    moe::interop::FileWriter filler(disk.path() / "filler");
    const std::string block(4096, 'x');
    for (int i = 0; i < 1000; ++i) filler.write(block);
    QFAIL("the disk was not full");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), ErrorKind::resource);
    QVERIFY2(QByteArray(error.what()).contains("No space left"), error.what());
  }
  for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, std::size_t{16384}, std::size_t{100000}}) {
    QVERIFY_EXCEPTION_THROWN(write_file_atomically(file, std::string(size, 'y')), Error);
    QCOMPARE(test::read_bytes(file), std::string("first"));
  }
  fs::remove(disk.path() / "filler");
  write_file_atomically(file, "second");
  QCOMPARE(test::read_bytes(file), std::string("second"));
  QCOMPARE(test::leftovers(disk.path()), std::vector<std::string>{"run.json"});
}

void TestDiskFaults::read_only_disk() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a read-only disk is not tested");
  test::TinyDisk disk(base() / "disk", "size=8m");
  QVERIFY(disk.mounted());
  Model model;
  const fs::path folder = disk.path() / "checkpoints";
  save_checkpoint(folder, model.content(0));
  save_checkpoint(folder, model.content(1));
  QVERIFY(disk.remount(MS_RDONLY, "size=8m"));
  expect_refused(folder, model, "Read-only file system", "read-only");
  QVERIFY_EXCEPTION_THROWN(prune_checkpoints(folder, 1), Error);
  QVERIFY(disk.remount(0, "size=8m"));
  save_checkpoint(folder, model.content(2));
  QCOMPARE(newest_valid(folder).step, std::int64_t{2});
}

void TestDiskFaults::read_only_disk_refuses_new_runs() {
  if (!private_mounts) QSKIP("SKIPPED: this system allows no private mounts, a read-only disk is not tested");
  test::TinyDisk disk(base() / "disk", "size=8m");
  QVERIFY(disk.mounted());
  fs::create_directory(disk.path() / "empty");
  QVERIFY(disk.remount(MS_RDONLY, "size=8m"));
  for (const char* name : {"new", "empty", "deep/er"}) {
    try {
      create_run(disk.path() / name);
      QFAIL("created");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::resource);
      QVERIFY2(QByteArray(error.what()).contains("Read-only file system"), error.what());
    }
  }
  // A read-only home: runs go to a temporary folder, and a note says so.
  qputenv("XDG_DATA_HOME", QByteArray::fromStdString(disk.path().string()));
  qputenv("HOME", QByteArray::fromStdString((disk.path() / "home").string()));
  const RunsFolder runs = runs_folder();
  QVERIFY(runs.path.string().find(disk.path().string()) == std::string::npos);
  QVERIFY2(runs.note.find(disk.path().string()) != std::string::npos, runs.note.c_str());
}

int main(int argc, char** argv) {
  ::signal(SIGXFSZ, SIG_IGN);
  private_mounts = test::enter_private_mounts();
  QCoreApplication application(argc, argv);
  TestDiskFaults test;
  return QTest::qExec(&test, argc, argv);
}
#include "tst_disk_faults.moc"
