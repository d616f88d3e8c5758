// SPDX-License-Identifier: Apache-2.0
// Every system call of a save fails once, in turn (the linker's --wrap puts these in between), with and without a
// checkpoint of the same step in place, on file systems that can exchange folders and on those that cannot.
#include <sys/stat.h>
#include <unistd.h>

#include <QtTest>
#include <cerrno>

#include "tests/engine/run/checkpoint_fixture.h"

namespace fs = std::filesystem;
using namespace moe::run;
using moe::Error;
using moe::ErrorKind;
using test::Model;

namespace {

enum class Fault { none, error, short_write, interrupted, flip };
Fault fault = Fault::none;
int calls_left = 0;  // until the fault strikes
int fault_errno = EIO;
bool can_exchange = true;

// Whether the fault strikes now; once per arming.
bool strikes(Fault kind) {
  if (fault != kind || calls_left-- > 0) return false;
  fault = Fault::none;
  errno = fault_errno;
  return true;
}

void arm(Fault kind, int calls, int error_number = EIO) {
  fault = kind;
  calls_left = calls;
  fault_errno = error_number;
}

}  // namespace

extern "C" {
int __real_fsync(int fd);
int __real_rename(const char* from, const char* to);
int __real_mkdir(const char* path, mode_t mode);
int __real_renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags);
ssize_t __real_write(int fd, const void* data, size_t size);
ssize_t __real_pread(int fd, void* data, size_t size, off_t offset);

int __wrap_fsync(int fd) { return strikes(Fault::error) ? -1 : __real_fsync(fd); }
int __wrap_rename(const char* from, const char* to) { return strikes(Fault::error) ? -1 : __real_rename(from, to); }
int __wrap_mkdir(const char* path, mode_t mode) { return strikes(Fault::error) ? -1 : __real_mkdir(path, mode); }
int __wrap_renameat2(int from_fd, const char* from, int to_fd, const char* to, unsigned flags) {
  if (!can_exchange) {
    errno = EINVAL;
    return -1;
  }
  return strikes(Fault::error) ? -1 : __real_renameat2(from_fd, from, to_fd, to, flags);
}
ssize_t __wrap_write(int fd, const void* data, size_t size) {
  static bool odd = false;
  if (fault == Fault::interrupted && (odd = !odd)) {
    errno = EINTR;
    return -1;
  }
  if (fault == Fault::short_write) return __real_write(fd, data, std::min<size_t>(size, 5));
  return strikes(Fault::error) ? -1 : __real_write(fd, data, size);
}
ssize_t __wrap_pread(int fd, void* data, size_t size, off_t offset) {
  if (strikes(Fault::error)) return -1;
  const ssize_t got = __real_pread(fd, data, size, offset);
  if (got > 0 && strikes(Fault::flip)) static_cast<char*>(data)[got / 2] ^= 4;
  return got;
}
}

class TestFailingCalls : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    temporary_ = std::make_unique<QTemporaryDir>();
    folder_ = fs::path(temporary_->path().toStdString()) / "checkpoints";
    can_exchange = true;
    fault = Fault::none;
  }
  void each_call_fails_once_data() { situations(); }
  void each_call_fails_once();
  void each_byte_read_back_may_be_wrong_data() { situations(); }
  void each_byte_read_back_may_be_wrong();
  void short_and_interrupted_writes_go_on();

 private:
  void situations() {
    QTest::addColumn<bool>("present");
    QTest::addColumn<bool>("exchange");
    QTest::addColumn<int>("error_number");
    QTest::newRow("new, full disk") << false << true << ENOSPC;
    QTest::newRow("new, broken disk") << false << true << EIO;
    QTest::newRow("replaced, full disk") << true << true << ENOSPC;
    QTest::newRow("replaced without exchange, quota") << true << false << EDQUOT;
  }
  // Another checkpoint of step 2: weights that differ by one from those of Model::content(2).
  static CheckpointContent other_content(Model& model) {
    auto content = model.content(2);
    for (float& weight : model.weight) weight += 1;
    return content;
  }
  static bool holds_other(const fs::path& path) {
    Model loaded, expected;
    loaded.load(path);
    other_content(expected);
    return loaded.weight == expected.weight && loaded.moment == expected.moment;
  }
  void prepare(Model& model, bool present) {
    fs::remove_all(folder_);
    save_checkpoint(folder_, model.content(1));
    if (present) save_checkpoint(folder_, other_content(model));
  }
  // What was saved before is whole: step 1, and step 2 as it was or as it became.
  void expect_nothing_lost(bool present, const QByteArray& where) {
    Model model;
    const auto all = list_checkpoints(folder_, true);
    for (const auto& info : all) QVERIFY2(info.valid, info.problem.c_str());
    QVERIFY2(!all.empty() && model.holds(all[0]) && all[0].step == 1, where);
    if (present) QVERIFY2(all.size() == 2, where);
    if (all.size() == 2) QVERIFY2(model.holds(all[1]) || (present && holds_other(all[1].path)), where);
  }
  std::unique_ptr<QTemporaryDir> temporary_;
  fs::path folder_;
};

void TestFailingCalls::each_call_fails_once() {
  QFETCH(bool, present);
  QFETCH(bool, exchange);
  QFETCH(int, error_number);
  Model model;
  int refused = 0;
  for (int call = 0;; ++call) {
    QVERIFY(call < 500);
    can_exchange = true;
    prepare(model, present);
    can_exchange = exchange;
    const auto content = model.content(2);
    arm(Fault::error, call, error_number);
    bool saved = false;
    try {
      save_checkpoint(folder_, content);
      saved = true;
    } catch (const Error& error) {
      QVERIFY2(error.kind() == ErrorKind::resource, error.what());
    }
    const bool struck = fault == Fault::none;
    fault = Fault::none;
    expect_nothing_lost(present, QByteArray::number(call));
    for (const auto& name : test::leftovers(folder_)) QVERIFY2(name.starts_with(".trash-"), name.c_str());
    if (saved) QVERIFY(model.holds(newest_valid(folder_)));
    if (!struck) break;
    if (!saved) ++refused;
  }
  qInfo("%d failing calls refused the save", refused);
  QVERIFY(refused >= 25);  // about thirty calls make up a save
}

void TestFailingCalls::each_byte_read_back_may_be_wrong() {
  QFETCH(bool, present);
  QFETCH(bool, exchange);
  Model model;
  int refused = 0;
  for (int call = 0;; ++call) {
    QVERIFY(call < 500);
    can_exchange = true;
    prepare(model, present);
    can_exchange = exchange;
    const auto content = model.content(2);
    arm(Fault::flip, call);
    bool saved = false;
    try {
      save_checkpoint(folder_, content);
      saved = true;
    } catch (const Error& error) {
      QVERIFY2(error.kind() == ErrorKind::resource, error.what());
      QVERIFY2(QByteArray(error.what()).contains("could not be read back"), error.what());
      ++refused;
    }
    const bool struck = fault == Fault::none;
    fault = Fault::none;
    expect_nothing_lost(present, QByteArray::number(call));
    if (!saved) QCOMPARE(list_checkpoints(folder_, true).size(), std::size_t{present ? 2u : 1u});
    if (!saved && present) QVERIFY(holds_other(folder_ / "step-00000002"));
    if (!struck) break;
  }
  QCOMPARE(refused, 7);  // the manifest and six files; reading those that are there already is no part of it
}

void TestFailingCalls::short_and_interrupted_writes_go_on() {
  for (const Fault kind : {Fault::short_write, Fault::interrupted}) {
    Model model;
    fs::remove_all(folder_);
    const auto content = model.content(1);
    arm(kind, 0);
    save_checkpoint(folder_, content);
    fault = Fault::none;
    QVERIFY(model.holds(newest_valid(folder_)));
  }
}

QTEST_GUILESS_MAIN(TestFailingCalls)
#include "tst_failing_calls.moc"
