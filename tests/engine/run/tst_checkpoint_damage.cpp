// SPDX-License-Identifier: Apache-2.0
// Every kind of damage to every file of a checkpoint is found, and the message names the file.
#include <sys/stat.h>

#include <QtTest>

#include "tests/engine/run/checkpoint_fixture.h"

namespace fs = std::filesystem;
using namespace moe::run;
using test::Model;

class TestCheckpointDamage : public QObject {
  Q_OBJECT
 private slots:
  void initTestCase();
  void init();
  void flips_data() { files(); }
  void flips();
  void truncations_data() { files(); }
  void truncations();
  void additions_data() { files(); }
  void additions();
  void missing_data() { files(); }
  void missing();
  void not_a_file_data() { files(); }
  void not_a_file();
  void renamed_folder();
  void manifest_of_another_version();
  void manifest_with_a_path();
  void older_one_is_found();

 private:
  void files() {
    QTest::addColumn<QByteArray>("name");
    for (const char* name : {"manifest.json", "model.safetensors", "optim.safetensors", "state.json", "settings.json",
                             "config.json", "tokenizer.model"})
      QTest::newRow(name) << QByteArray(name);
  }
  // Not loadable, and the problem names the file.
  void expect_found(const QByteArray& name, const QByteArray& detail) {
    const auto info = list_checkpoints(folder_, true).back();
    QVERIFY2(!info.valid, detail);
    QVERIFY2(info.problem.find((checkpoint_ / name.toStdString()).string()) != std::string::npos, info.problem.c_str());
    Model model;
    QVERIFY_EXCEPTION_THROWN(model.load(checkpoint_), moe::Error);
  }
  QTemporaryDir temporary_;
  fs::path folder_, checkpoint_, pristine_;
};

void TestCheckpointDamage::initTestCase() {
  Model model(1);
  pristine_ = fs::path(temporary_.path().toStdString()) / "pristine";
  save_checkpoint(pristine_, model.content(7));
}

void TestCheckpointDamage::init() {
  folder_ = fs::path(temporary_.path().toStdString()) / "checkpoints";
  checkpoint_ = folder_ / "step-00000007";
  fs::remove_all(folder_);
  fs::copy(pristine_, folder_, fs::copy_options::recursive);
  QVERIFY(newest_valid(folder_).valid);
}

void TestCheckpointDamage::flips() {
  QFETCH(QByteArray, name);
  const std::string whole = test::read_bytes(checkpoint_ / name.toStdString());
  QVERIFY(!whole.empty());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
    test::write_bytes(checkpoint_ / name.toStdString(), bytes);
    const auto info = newest_valid(folder_);
    QVERIFY2(!info.valid, QByteArray::number(static_cast<qulonglong>(at)));
    QVERIFY2(info.problem.find("step-00000007/") != std::string::npos, info.problem.c_str());
  }
  expect_found(name, "flip");
}

void TestCheckpointDamage::truncations() {
  QFETCH(QByteArray, name);
  const fs::path file = checkpoint_ / name.toStdString();
  const auto size = fs::file_size(file);
  for (const std::uintmax_t left : {size - 1, size / 2, std::uintmax_t{1}, std::uintmax_t{0}}) {
    fs::resize_file(file, left);
    expect_found(name, QByteArray::number(static_cast<qulonglong>(left)));
  }
}

void TestCheckpointDamage::additions() {
  QFETCH(QByteArray, name);
  const fs::path file = checkpoint_ / name.toStdString();
  const std::string whole = test::read_bytes(file);
  for (const std::string& extra :
       {std::string(1, '\0'), std::string("\n"), std::string(" "), std::string(4096, '\0')}) {
    test::write_bytes(file, whole + extra);
    expect_found(name, "addition");
  }
}

void TestCheckpointDamage::missing() {
  QFETCH(QByteArray, name);
  fs::remove(checkpoint_ / name.toStdString());
  expect_found(name, "missing");
}

void TestCheckpointDamage::not_a_file() {
  QFETCH(QByteArray, name);
  const fs::path file = checkpoint_ / name.toStdString();
  fs::remove(file);
  QCOMPARE(::mkfifo(file.c_str(), 0600), 0);
  expect_found(name, "FIFO");
  fs::remove(file);
  fs::create_directory(file);
  expect_found(name, "folder");
}

void TestCheckpointDamage::renamed_folder() {
  fs::rename(checkpoint_, folder_ / "step-00000008");
  const auto info = newest_valid(folder_);
  QVERIFY(!info.valid);
  QVERIFY2(info.problem.find("manifest of step 7") != std::string::npos, info.problem.c_str());
}

void TestCheckpointDamage::manifest_of_another_version() {
  std::string text = test::read_bytes(checkpoint_ / "manifest.json");
  text.replace(text.find("\"version\": 1"), 12, "\"version\": 2");
  test::write_bytes(checkpoint_ / "manifest.json", text);
  QVERIFY2(newest_valid(folder_).problem.find("has version 2") != std::string::npos,
           newest_valid(folder_).problem.c_str());
}

void TestCheckpointDamage::manifest_with_a_path() {
  std::string text = test::read_bytes(checkpoint_ / "manifest.json");
  text.replace(text.find("tokenizer.model"), 15, "../../../secret");
  test::write_bytes(checkpoint_ / "manifest.json", text);
  QVERIFY(!newest_valid(folder_).valid);
}

void TestCheckpointDamage::older_one_is_found() {
  Model model(1);
  save_checkpoint(folder_, model.content(9));
  save_checkpoint(folder_, model.content(11));
  fs::resize_file(folder_ / "step-00000011/model.safetensors", 20);
  fs::remove(folder_ / "step-00000009/manifest.json");
  QCOMPARE(newest_valid(folder_).step, std::int64_t{7});
  QVERIFY(model.holds(newest_valid(folder_)));
  const auto all = list_checkpoints(folder_, false);  // sizes alone tell these
  QCOMPARE(all.size(), std::size_t{3});
  QVERIFY(all[0].valid && !all[1].valid && !all[2].valid);
}

QTEST_GUILESS_MAIN(TestCheckpointDamage)
#include "tst_checkpoint_damage.moc"
