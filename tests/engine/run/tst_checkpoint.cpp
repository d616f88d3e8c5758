// SPDX-License-Identifier: Apache-2.0
#include <QtTest>
#include <cmath>
#include <limits>

#include "tests/engine/run/checkpoint_fixture.h"

namespace fs = std::filesystem;
using namespace moe::run;
using moe::Error;
using test::Model;

class TestCheckpoint : public QObject {
  Q_OBJECT
 private slots:
  void init() {
    temporary_ = std::make_unique<QTemporaryDir>();
    folder_ = fs::path(temporary_->path().toStdString()) / "checkpoints";
  }
  void round_trip();
  void empty_lists_skip_tensors();
  void listed_oldest_first();
  void other_names_are_ignored();
  void leftovers_are_ignored_and_removed();
  void same_content_is_not_written_twice();
  void other_content_replaces();
  void torn_checkpoint_is_replaced();
  void non_finite_is_refused_data();
  void non_finite_is_refused();
  void other_model_is_refused();
  void pruning_keeps_the_newest_and_every_tenth();
  void pruning_never_relies_on_a_torn_one();

 private:
  std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> all;
    for (const auto& info : list_checkpoints(folder_, false)) all.push_back(info.step);
    return all;
  }
  std::unique_ptr<QTemporaryDir> temporary_;
  fs::path folder_;
};

void TestCheckpoint::round_trip() {
  Model model;
  const CheckpointInfo saved = save_checkpoint(folder_, model.content(1000));
  QVERIFY(saved.valid);
  QCOMPARE(saved.path, folder_ / "step-00001000");
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(saved.path))
    if (entry.path().filename() != "manifest.json") bytes += entry.file_size();
  QCOMPARE(saved.bytes, bytes);
  QVERIFY(test::leftovers(folder_).empty());
  QVERIFY(model.holds(newest_valid(folder_)));
  const auto state = model.load(saved.path);
  QCOMPARE(state["state"]["edits"].get<int>(), 100);
  QCOMPARE(state["config"]["router.top_k"].get<int>(), 2);
  QCOMPARE(test::read_bytes(saved.path / "tokenizer.model"), std::string("not a real tokenizer"));
  QCOMPARE(moe::interop::read_safetensors_header(saved.path / "model.safetensors").metadata.at("format"),
           std::string("pt"));
}

void TestCheckpoint::empty_lists_skip_tensors() {
  Model model;
  const auto saved = save_checkpoint(folder_, model.content(5));
  QCOMPARE(load_checkpoint(saved.path, {}, {})["tokens"].get<int>(), 5 * 2048);
}

void TestCheckpoint::listed_oldest_first() {
  Model model;
  for (const std::int64_t step : {300, 20, 123456789, 1}) save_checkpoint(folder_, model.content(step));
  QCOMPARE(steps(), (std::vector<std::int64_t>{1, 20, 300, 123456789}));
  QCOMPARE(newest_valid(folder_).step, std::int64_t{123456789});
  QVERIFY(list_checkpoints(folder_ / "missing", true).empty());
  QVERIFY(!newest_valid(folder_ / "missing").valid);
  QVERIFY(newest_valid(folder_ / "missing").problem.find("no checkpoints") != std::string::npos);
}

void TestCheckpoint::other_names_are_ignored() {
  Model model;
  save_checkpoint(folder_, model.content(7));
  for (const char* name :
       {"step-7", "step-0000007", "step-000000007", "step-+0000007", "step--0000007", "step-00000007x", "latest"})
    fs::create_directory(folder_ / name);
  QCOMPARE(steps(), std::vector<std::int64_t>{7});
}

void TestCheckpoint::leftovers_are_ignored_and_removed() {
  Model model;
  save_checkpoint(folder_, model.content(7));
  for (const char* name : {".tmp-step-00000009-4711", ".trash-step-00000003-4711"})
    fs::copy(folder_ / "step-00000007", folder_ / name, fs::copy_options::recursive);
  QCOMPARE(steps(), std::vector<std::int64_t>{7});
  save_checkpoint(folder_, model.content(8));
  QVERIFY(test::leftovers(folder_).empty());
  QCOMPARE(steps(), (std::vector<std::int64_t>{7, 8}));
}

void TestCheckpoint::same_content_is_not_written_twice() {
  Model model;
  const auto first = save_checkpoint(folder_, model.content(7));
  const auto manifest = test::read_bytes(first.path / "manifest.json");
  const auto written = fs::last_write_time(first.path / "model.safetensors");
  QCOMPARE(save_checkpoint(folder_, model.content(7)).path, first.path);
  QVERIFY(fs::last_write_time(first.path / "model.safetensors") == written);
  QCOMPARE(test::read_bytes(first.path / "manifest.json"), manifest);
  QVERIFY(test::leftovers(folder_).empty());
}

void TestCheckpoint::other_content_replaces() {
  Model model;
  save_checkpoint(folder_, model.content(7));
  auto content = model.content(7);
  model.weight[3] = -1;  // the content points at it
  save_checkpoint(folder_, content);
  Model loaded;
  loaded.load(folder_ / "step-00000007");
  QCOMPARE(loaded.weight[3], -1.0f);
  QCOMPARE(steps(), std::vector<std::int64_t>{7});
  QVERIFY(test::leftovers(folder_).empty());
}

void TestCheckpoint::torn_checkpoint_is_replaced() {
  Model model;
  const auto saved = save_checkpoint(folder_, model.content(7));
  fs::resize_file(saved.path / "optim.safetensors", 10);
  QVERIFY(!newest_valid(folder_).valid);
  save_checkpoint(folder_, model.content(7));
  QVERIFY(model.holds(newest_valid(folder_)));
}

void TestCheckpoint::non_finite_is_refused_data() {
  QTest::addColumn<double>("value");
  QTest::addColumn<qsizetype>("at");
  QTest::addColumn<bool>("in_weights");
  const double infinity = std::numeric_limits<double>::infinity();
  QTest::newRow("NaN in weights") << std::nan("") << qsizetype{0} << true;
  QTest::newRow("last weight infinite") << infinity << qsizetype{1023 * 16 + 15} << true;
  QTest::newRow("NaN in moments") << std::nan("") << qsizetype{4096} << false;
  QTest::newRow("moment minus infinite") << -infinity << qsizetype{4095} << false;
}

void TestCheckpoint::non_finite_is_refused() {
  QFETCH(double, value);
  QFETCH(qsizetype, at);
  QFETCH(bool, in_weights);
  Model model(1024);
  save_checkpoint(folder_, model.content(1));
  auto content = model.content(2);
  (in_weights ? model.weight : model.moment)[static_cast<std::size_t>(at)] = static_cast<float>(value);
  try {
    save_checkpoint(folder_, content);
    QFAIL("saved");
  } catch (const Error& error) {
    QCOMPARE(error.kind(), moe::ErrorKind::diverged);
    QVERIFY2(QByteArray(error.what()).contains("element " + QByteArray::number(at) + " of"), error.what());
  }
  QCOMPARE(steps(), std::vector<std::int64_t>{1});
  QVERIFY(test::leftovers(folder_).empty());
}

void TestCheckpoint::other_model_is_refused() {
  Model model, larger(9);
  const auto saved = save_checkpoint(folder_, model.content(7));
  QVERIFY_EXCEPTION_THROWN(larger.load(saved.path), Error);
  // A tensor in the file that the model has not.
  QVERIFY_EXCEPTION_THROWN(
      load_checkpoint(saved.path, {},
                      {{"model.weight.exp_avg", {8, 16}, moe::interop::TensorType::f32, model.moment.data()}}),
      Error);
}

void TestCheckpoint::pruning_keeps_the_newest_and_every_tenth() {
  Model model;
  for (std::int64_t step = 1; step <= 23; ++step) {
    save_checkpoint(folder_, model.content(step * 100));
    prune_checkpoints(folder_, 2);
  }
  QCOMPARE(steps(), (std::vector<std::int64_t>{1000, 2000, 2200, 2300}));
  QVERIFY(test::leftovers(folder_).empty());
  prune_checkpoints(folder_, 0);  // never the last valid one
  QCOMPARE(steps(), (std::vector<std::int64_t>{1000, 2000, 2300}));
}

void TestCheckpoint::pruning_never_relies_on_a_torn_one() {
  Model model;
  for (const std::int64_t step : {1, 2, 3}) save_checkpoint(folder_, model.content(step));
  std::string bytes = test::read_bytes(folder_ / "step-00000003/model.safetensors");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);  // sizes still match
  test::write_bytes(folder_ / "step-00000003/model.safetensors", bytes);
  prune_checkpoints(folder_, 1);
  QCOMPARE(steps(), (std::vector<std::int64_t>{2, 3}));
  QVERIFY(model.holds(newest_valid(folder_)));
  QCOMPARE(newest_valid(folder_).step, std::int64_t{2});
}

QTEST_GUILESS_MAIN(TestCheckpoint)
#include "tst_checkpoint.moc"
