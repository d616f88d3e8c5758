// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <QRegularExpression>
#include <QTemporaryDir>
#include <QtTest>
#include <fstream>
#include <set>

#include "engine/core/error.h"
#include "engine/run/run_folder.h"

namespace fs = std::filesystem;
using namespace moe::run;
using moe::Error;
using moe::ErrorKind;

namespace {

template <class Action>
ErrorKind kind_of(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.kind();
  }
  return ErrorKind::failure;
}

}  // namespace

class TestRunFolder : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    temporary_ = std::make_unique<QTemporaryDir>();
    base_ = fs::path(temporary_->path().toStdString());
  }
  void created_and_opened();
  void occupied_places_are_refused();
  void foreign_folders_are_refused_data();
  void foreign_folders_are_refused();
  void names_are_odd_but_work();
  void lock_refuses_a_second_holder();
  void lock_of_another_process_names_its_pid();
  void lock_of_a_killed_process_is_free();
  void runs_live_where_xdg_says();
  void default_names_differ();
  void small_files_are_replaced_whole();

 private:
  std::unique_ptr<QTemporaryDir> temporary_;
  fs::path base_;
};

void TestRunFolder::created_and_opened() {
  const RunFolder run = create_run(base_ / "deep" / "er" / "run");
  QVERIFY(fs::is_directory(run.checkpoints()) && fs::is_directory(run.path / "exports"));
  QVERIFY(!fs::exists(run.path / ".probe"));
  QCOMPARE(kind_of([&] { open_run(run.path); }), ErrorKind::bad_input);  // not before run.json is there
  write_run_json(run, {{"seed", 7}, {"name", "Ünïcode"}});
  const RunFolder opened = open_run(run.path);
  QCOMPARE(opened.path, run.path);
  QCOMPARE(read_run_json(opened)["seed"].get<int>(), 7);
  write_run_json(run, read_run_json(run));  // what was read can be written back
  QCOMPARE(read_run_json(opened)["name"].get<std::string>(), std::string("Ünïcode"));
}

void TestRunFolder::occupied_places_are_refused() {
  fs::create_directory(base_ / "full");
  std::ofstream(base_ / "full/file") << "mine";
  std::ofstream(base_ / "plain") << "mine";
  for (const char* name : {"full", "plain"}) QCOMPARE(kind_of([&] { create_run(base_ / name); }), ErrorKind::usage);
  QVERIFY(fs::exists(base_ / "full/file"));
  QCOMPARE(kind_of([&] { create_run(base_ / "plain" / "below"); }), ErrorKind::resource);
  fs::create_directory(base_ / "empty");
  QCOMPARE(create_run(base_ / "empty").path, base_ / "empty");
}

void TestRunFolder::foreign_folders_are_refused_data() {
  QTest::addColumn<QByteArray>("run_json");
  QTest::newRow("empty") << QByteArray();
  QTest::newRow("torn") << QByteArray("{\"format\": \"moe-st");
  QTest::newRow("a list") << QByteArray("[]");
  QTest::newRow("foreign") << QByteArray("{\"format\": \"other\", \"version\": 1}");
  QTest::newRow("no format") << QByteArray("{\"version\": 1}");
  QTest::newRow("newer") << QByteArray("{\"format\": \"moe-studio-run\", \"version\": 2}");
  QTest::newRow("version as text") << QByteArray("{\"format\": \"moe-studio-run\", \"version\": \"1\"}");
  QTest::newRow("NUL") << QByteArray("{\"format\": \"moe-studio-run\", \"version\": 1}\0", 44);
}

void TestRunFolder::foreign_folders_are_refused() {
  QFETCH(QByteArray, run_json);
  std::ofstream(base_ / "run.json", std::ios::binary).write(run_json.constData(), run_json.size());
  QCOMPARE(kind_of([&] { open_run(base_); }), ErrorKind::bad_input);
  QCOMPARE(kind_of([&] { open_run(base_ / "missing"); }), ErrorKind::bad_input);
  QCOMPARE(kind_of([&] { open_run(base_ / "run.json"); }), ErrorKind::bad_input);
}

void TestRunFolder::names_are_odd_but_work() {
  const std::vector<std::string> names{"with space",         "100%", "a?b#c", "new\nline", "Ünïcode 模型", "-dash",
                                       std::string(255, 'n')};
  for (const std::string& name : names) {
    const RunFolder run = create_run(base_ / name);
    write_run_json(run, {{"seed", 1}});
    QCOMPARE(open_run(base_ / name).path, base_ / name);
  }
}

void TestRunFolder::lock_refuses_a_second_holder() {
  const std::string pid = "pid " + std::to_string(::getpid());
  {
    Lock lock = Lock::acquire(base_);
    try {
      const Lock second = Lock::acquire(base_);
      QFAIL("locked twice");
    } catch (const Error& error) {
      QCOMPARE(error.kind(), ErrorKind::locked);
      QVERIFY2(QByteArray(error.what()).contains(pid.c_str()), error.what());
      QCOMPARE(moe::exit_code(error.kind()), 7);
    }
    const Lock moved = std::move(lock);
    QCOMPARE(kind_of([&] { Lock::acquire(base_); }), ErrorKind::locked);
  }
  const Lock again = Lock::acquire(base_);
}

namespace {

// A process that holds the lock until it is killed; returns when it has it.
pid_t start_holder(const fs::path& run) {
  int ready[2];
  if (::pipe(ready) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const Lock lock = Lock::acquire(run);
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte;
  const bool holds = ::read(ready[0], &byte, 1) == 1;
  ::close(ready[0]);
  ::close(ready[1]);
  return holds ? child : -1;
}

}  // namespace

void TestRunFolder::lock_of_another_process_names_its_pid() {
  const pid_t holder = start_holder(base_);
  QVERIFY(holder > 0);
  QByteArray message;
  try {
    Lock::acquire(base_);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::locked) message = error.what();
  }
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  QVERIFY2(message.contains("pid " + QByteArray::number(holder) + " on "), message);
}

void TestRunFolder::lock_of_a_killed_process_is_free() {
  const pid_t holder = start_holder(base_);
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  QVERIFY(fs::file_size(base_ / "run.lock") > 0);  // its name is still there, its lock is not
  const Lock lock = Lock::acquire(base_);
  std::ifstream text(base_ / "run.lock");
  std::string word, pid;
  text >> word >> pid;
  QCOMPARE(pid, std::to_string(::getpid()));
}

void TestRunFolder::runs_live_where_xdg_says() {
  const QByteArray home = QByteArray::fromStdString(base_.string());
  qputenv("HOME", home);
  qputenv("XDG_DATA_HOME", home + "/data");
  QCOMPARE(runs_folder().path, base_ / "data/moe-studio/runs");
  QVERIFY(runs_folder().note.empty());
  qputenv("XDG_DATA_HOME", "relative/path");
  QCOMPARE(runs_folder().path, base_ / ".local/share/moe-studio/runs");
  qunsetenv("XDG_DATA_HOME");
  QCOMPARE(runs_folder().path, base_ / ".local/share/moe-studio/runs");
  std::ofstream(base_ / "file") << "x";
  qputenv("HOME", home + "/file");  // a home that cannot be one
  QVERIFY(!runs_folder().note.empty());
  QVERIFY(runs_folder().path.is_absolute());
  qputenv("HOME", home);
}

void TestRunFolder::default_names_differ() {
  qputenv("XDG_DATA_HOME", QByteArray::fromStdString(base_.string()));
  std::set<std::string> names;
  for (int i = 0; i < 50; ++i) names.insert(default_run_path("text-small").filename().string());
  QVERIFY(names.size() >= 49);  // 24 random bits: two alike among fifty are rarer than one in ten thousand
  const QRegularExpression form("^text-small-\\d{8}T\\d{6}Z-[0-9a-f]{6}$");
  for (const auto& name : names) QVERIFY2(form.match(QString::fromStdString(name)).hasMatch(), name.c_str());
  QCOMPARE(default_run_path("../../etc").parent_path(), runs_folder().path);
  QVERIFY(!default_run_path("").filename().string().starts_with("-"));
}

void TestRunFolder::small_files_are_replaced_whole() {
  for (const std::string& bytes :
       {std::string("one"), std::string(100'000, 'x'), std::string(), std::string("\0\n", 2)}) {
    write_file_atomically(base_ / "file", bytes);
    std::ifstream in(base_ / "file", std::ios::binary);
    QCOMPARE(std::string(std::istreambuf_iterator<char>(in), {}), bytes);
  }
  QCOMPARE(std::distance(fs::directory_iterator(base_), fs::directory_iterator()), std::ptrdiff_t{1});
  QCOMPARE(kind_of([&] { write_file_atomically(base_ / "missing/file", "x"); }), ErrorKind::resource);
}

QTEST_GUILESS_MAIN(TestRunFolder)
#include "tst_run_folder.moc"
