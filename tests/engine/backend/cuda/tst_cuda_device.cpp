// SPDX-License-Identifier: Apache-2.0
// What the CUDA backend does beside computing: waits, memory, faults of the device, and modules that do not fit.
#include <QtTest>

#include <QTemporaryDir>

#include "engine/backend/cuda/module.h"
#include "engine/ops/ops.h"
#include "engine/train/session_emit.h"
#include "engine/train/trainer.h"
#include "tests/engine/backend/cuda/devices.h"
#include "tests/support/cuda_emulation/control.h"
#include "tests/support/fake_dataset.h"
#include "tests/support/test_arrays.h"

using namespace moe;
using namespace moe::test;

namespace {

Config config_with(int layers) {
  Config c;
  c.model = {.layers = layers,
             .width = 16,
             .heads = 2,
             .kv_heads = 1,
             .experts = 4,
             .expert_width = 12,
             .vocabulary = 31,
             .context = 8};
  c.router.z_coefficient = 0.001;
  c.train.batch = 2;
  c.train.precision = "f32";
  c.train.threads = 1;
  return c;
}

std::uint64_t waits_of_a_step(int layers) {
  const FakeDataset dataset(31);
  train::Trainer trainer(config_with(layers), dataset, make_emulated_backend());
  trainer.step();
  const std::uint64_t before = emulation::counters().waits;
  trainer.step();
  return emulation::counters().waits - before;
}

template <class F>
Error error_of(F&& act) {
  try {
    act();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::failure, "nothing was thrown");
}

}  // namespace

class TestCudaDevice : public QObject {
  Q_OBJECT
 private slots:
  void cleanup() { emulation::heal(); }
  void copies();
  void copies_later();
  void scalars();
  void one_wait_a_layer();
  void experts_side_by_side();
  void experts_in_one_call();
  void experts_of_one_size();
  void experts_without_a_grouped_call();
  void a_step_takes_no_new_memory();
  void reviving_takes_no_second_model();
  void out_of_memory();
  void goes_on_after_an_error();
  void too_large_a_model();
  void lost();
  void modules_data();
  void modules();
};

void TestCudaDevice::copies() {
  const auto backend = make_emulated_backend();
  QCOMPARE(backend->name(), std::string("cuda"));
  QVERIFY(backend->describe().find("compute capability 9.0") != std::string::npos);
  for (const std::int64_t n : {1, 1000, 300000}) {  // within a pinned slot, and larger than one
    const Buffer buffer(*backend, DType::f32, {n});
    std::vector<float> values(static_cast<std::size_t>(n)), back(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    backend->copy_from_host(buffer.view(), values.data());
    const std::vector<float> before = values;
    std::fill(values.begin(), values.end(), -1.f);  // the source is free at once
    backend->copy_to_host(back.data(), buffer.view());
    QVERIFY(back == before);
    backend->zero(buffer.view());
    backend->copy_to_host(back.data(), buffer.view());
    QVERIFY(std::all_of(back.begin(), back.end(), [](float x) { return x == 0.f; }));
  }
}

void TestCudaDevice::copies_later() {
  const auto backend = make_emulated_backend();
  const Buffer buffer(*backend, DType::i32, {100000});
  std::vector<std::int32_t> values(100000, 7), back(100000, 0);
  backend->copy_from_host(buffer.view(), values.data());
  backend->synchronize();
  const std::uint64_t before = emulation::counters().waits;
  backend->copy_to_host_later(back.data(), buffer.view());
  QCOMPARE(emulation::counters().waits, before);
  QCOMPARE(back[0], 0);
  backend->finish_copies();
  QVERIFY(back == values);
  const std::uint64_t after = emulation::counters().waits;
  backend->finish_copies();  // nothing is on its way
  QCOMPARE(emulation::counters().waits, after);
  for (int i = 0; i < 5; ++i) backend->copy_to_host_later(back.data(), buffer.view());  // more than fits at once
  backend->finish_copies();
  QVERIFY(back == values);
}

void TestCudaDevice::scalars() {
  const auto backend = make_emulated_backend();
  const Buffer buffer(*backend, DType::f32, {1000});
  backend->activation().fill(buffer.view(), 2.0);
  const std::uint64_t before = emulation::counters().waits;
  Scalar sum = backend->optimizer().sum(buffer.view()), squares = backend->optimizer().sum_of_squares(buffer.view());
  QCOMPARE(emulation::counters().waits, before);
  QCOMPARE(double(sum), 2000.0);
  QCOMPARE(double(squares), 4000.0);
  QCOMPARE(emulation::counters().waits, before + 1);
}

// Per MoE layer the host learns how many rows each expert has; everything else of a step waits a fixed number of times,
// whatever the number of layers. The two waits more per layer that finish at once are the bias and the offsets' event.
void TestCudaDevice::one_wait_a_layer() {
  const std::uint64_t two = waits_of_a_step(2), four = waits_of_a_step(4);
  QCOMPARE(four - two, std::uint64_t{2});
  QVERIFY2(two <= 2 + 4, qPrintable(QString::number(two)));
}

// Enough work for streams beside the main one: the bits of one product after the other, forward and backward, whenever
// those streams run.
void TestCudaDevice::experts_side_by_side() {
  constexpr int kExperts = 6, kInputs = 320, kOutputs = 352;
  const std::vector<std::int32_t> ends{0, 900, 900, 901, 3000, 4300, 5000};
  const auto backend = make_emulated_backend();
  ops::Context ctx{*backend, MatmulPrecision::bf16};
  TestArrays arrays(*backend, DType::f32);
  arrays.round_operands(true);
  const View x = arrays.operand_in({5000, kInputs}), w = arrays.operand_in({kExperts, kOutputs, kInputs});
  const View dy = arrays.operand_in({5000, kOutputs});
  const View offsets = arrays.ints({kExperts + 1}, [&](std::int64_t i) { return ends[std::size_t(i)]; });
  const View y = arrays.out({5000, kOutputs}), expected = arrays.out({5000, kOutputs});
  const View dx = arrays.out({5000, kInputs}), dw = arrays.inout({kExperts, kOutputs, kInputs});
  for (int e = 0; e < kExperts; ++e) {
    const auto rows = [&](View v) { return v.rows(ends[std::size_t(e)], ends[std::size_t(e) + 1]); };
    const View one = w.rows(e, e + 1).reshaped({kOutputs, kInputs});
    if (ends[std::size_t(e)] < ends[std::size_t(e) + 1]) ops::linear_forward(ctx, rows(expected), rows(x), one);
  }
  const auto weights = arrays.get(dw);
  std::vector<std::vector<char>> bits[2];
  for (const std::uint32_t order : {0u, 1u}) {
    emulation::set_order(order);
    arrays.set(dw, weights);
    ops::grouped_linear_forward(ctx, y, x, w, offsets);
    ops::grouped_linear_backward(ctx, dx, dw, dy, x, w, offsets);
    for (const View v : {y, dx, dw}) bits[order].push_back(arrays.bytes(v));
    backend->activation().fill(y, 0.0);
    backend->activation().fill(dx, 0.0);
  }
  emulation::set_order(0);
  QVERIFY(bits[0] == bits[1]);
  QVERIFY(bits[0][0] == arrays.bytes(expected));
}

// One grouped call instead of streams, where results are bfloat16: the same bits, and gradients of matrices as before.
void TestCudaDevice::experts_in_one_call() {
  std::vector<std::vector<char>> bits[2];
  std::uint64_t calls[2];
  for (const bool one_call : {false, true}) {
    qputenv("MOE_CUDA_EXPERTS", one_call ? "one_call" : "");
    const auto backend = make_emulated_backend();
    ops::Context ctx{*backend, MatmulPrecision::bf16};
    TestArrays arrays(*backend, DType::f32);
    arrays.round_operands(true);
    const View x = arrays.operand_in({13, 8}), w = arrays.operand_in({4, 16, 8}), dy = arrays.operand_in({13, 16});
    const View y = arrays.operand_out({13, 16}), dx = arrays.operand_out({13, 8}), dw = arrays.inout({4, 16, 8});
    const View offsets = arrays.ints({5}, [](std::int64_t i) { return std::vector{0, 4, 4, 9, 13}[std::size_t(i)]; });
    const std::uint64_t before = emulation::counters().grouped_calls;
    ops::grouped_linear_forward(ctx, y, x, w, offsets);
    ops::grouped_linear_backward(ctx, dx, dw, dy, x, w, offsets);
    calls[one_call] = emulation::counters().grouped_calls - before;
    for (const View v : {y, dx, dw}) bits[one_call].push_back(arrays.bytes(v));
    QVERIFY(arrays.sentinels_intact());
  }
  qunsetenv("MOE_CUDA_EXPERTS");
  QCOMPARE(calls[false], std::uint64_t{0});
  QCOMPARE(calls[true], std::uint64_t{2});
  QVERIFY(bits[false] == bits[true]);
}

// Equal shares are one call each: forward, the weights' gradient, the rows' gradient.
void TestCudaDevice::experts_of_one_size() {
  const auto backend = make_emulated_backend();
  for (const bool even : {true, false}) {
    ops::Context ctx{*backend, MatmulPrecision::bf16};
    TestArrays arrays(*backend, DType::f32);
    const View x = arrays.operand_in({12, 8}), w = arrays.operand_in({3, 5, 8}), dy = arrays.operand_in({12, 5});
    const View y = arrays.out({12, 5}), dx = arrays.out({12, 8}), dw = arrays.inout({3, 5, 8});
    const View expected = arrays.out({12, 5});
    const std::vector<std::int32_t> ends = even ? std::vector{0, 4, 8, 12} : std::vector{0, 4, 9, 12};
    const View offsets = arrays.ints({4}, [&](std::int64_t i) { return ends[std::size_t(i)]; });
    const std::uint64_t before = emulation::counters().batches;
    ops::grouped_linear_forward(ctx, y, x, w, offsets);
    ops::grouped_linear_backward(ctx, dx, dw, dy, x, w, offsets);
    QCOMPARE(emulation::counters().batches, before + (even ? 3 : 0));
    for (int e = 0; e < 3; ++e) {
      const auto rows = [&](View v) { return v.rows(ends[std::size_t(e)], ends[std::size_t(e) + 1]); };
      ops::linear_forward(ctx, rows(expected), rows(x), w.rows(e, e + 1).reshaped({5, 8}));
    }
    QVERIFY(arrays.bytes(y) == arrays.bytes(expected));
  }
}

// float32 and float64 go to cuBLAS as one grouped call, or one by one where it has none for the device.
void TestCudaDevice::experts_without_a_grouped_call() {
  const auto backend = make_emulated_backend();
  for (const DType dtype : {DType::f32, DType::f64}) {
    ops::Context ctx{*backend, MatmulPrecision::native};
    TestArrays arrays(*backend, dtype);
    const View x = arrays.in({12, 8}), w = arrays.in({3, 4, 8}), dy = arrays.in({12, 4});
    const View y = arrays.out({12, 4}), dx = arrays.out({12, 8}), dw = arrays.inout({3, 4, 8});
    const View offsets = arrays.ints({4}, [](std::int64_t i) { return std::vector{0, 4, 9, 12}[std::size_t(i)]; });
    const auto weights = arrays.get(dw);
    std::vector<std::vector<char>> bits[2];
    for (const bool refused : {false, true}) {
      emulation::refuse_grouped_calls(refused);
      arrays.set(dw, weights);
      backend->activation().fill(y, 0.0);
      backend->activation().fill(dx, 0.0);
      ops::grouped_linear_forward(ctx, y, x, w, offsets);
      ops::grouped_linear_backward(ctx, dx, dw, dy, x, w, offsets);
      for (const View v : {y, dx, dw}) bits[refused].push_back(arrays.bytes(v));
    }
    QVERIFY(bits[0] == bits[1]);
  }
}

void TestCudaDevice::a_step_takes_no_new_memory() {
  const FakeDataset dataset(31);
  train::Trainer trainer(config_with(2), dataset, make_emulated_backend());
  for (int i = 0; i < 3; ++i) trainer.step();
  const std::uint64_t before = emulation::counters().allocations;
  for (int i = 0; i < 3; ++i) trainer.step();
  QCOMPARE(emulation::counters().allocations, before);
}

void TestCudaDevice::reviving_takes_no_second_model() {
  const FakeDataset dataset(31);
  train::Trainer trainer(config_with(2), dataset, make_emulated_backend());
  for (int i = 0; i < 3; ++i) trainer.step();
  const std::uint64_t before = emulation::counters().allocations;
  trainer.apply("experts.revive", "L2E3");
  trainer.step();
  QCOMPARE(emulation::counters().allocations, before);
}

void TestCudaDevice::out_of_memory() {
  const auto backend = make_emulated_backend();
  emulation::set_memory(emulation::memory_in_use() + (std::size_t{64} << 20));
  const Error error = error_of([&] { Buffer(*backend, DType::f32, {std::int64_t{32} << 20}); });
  QCOMPARE(int(error.kind()), int(ErrorKind::resource));
  QVERIFY2(error.summary().find("128 MiB") != std::string::npos, error.what());
  QVERIFY2(error.limit().find("64 MiB") != std::string::npos, error.what());
  QCOMPARE(error.where(), std::string("train.batch"));
  QVERIFY(!error.action().empty());
  const Buffer smaller(*backend, DType::f32, {std::int64_t{8} << 20});  // and the device goes on
  backend->zero(smaller.view());
  backend->synchronize();
}

// An error that leaves the device well is told once: what comes next is not blamed for it.
void TestCudaDevice::goes_on_after_an_error() {
  constexpr int kMemoryAllocation = 2, kInvalidValue = 1;
  const auto backend = make_emulated_backend();
  const Buffer buffer(*backend, DType::f32, {1000});
  for (const int fault : {kMemoryAllocation, kInvalidValue}) {
    emulation::fail_once(fault);
    const Error error = error_of([&] { backend->zero(buffer.view()); });
    QCOMPARE(int(error.kind()), int(fault == kMemoryAllocation ? ErrorKind::resource : ErrorKind::device));
    backend->activation().fill(buffer.view(), 2.0);
    QCOMPARE(double(backend->optimizer().sum(buffer.view())), 2000.0);
  }
}

// What a run needs at least is compared with what is free before its model is made.
void TestCudaDevice::too_large_a_model() {
  const FakeDataset dataset(31);
  auto backend = make_emulated_backend();
  emulation::set_memory(emulation::memory_in_use() + 4096);
  const Error error = error_of([&] { train::Trainer(config_with(2), dataset, std::move(backend)); });
  QCOMPARE(int(error.kind()), int(ErrorKind::resource));
  QVERIFY2(error.summary().find("training needs at least") == 0, error.what());
  QVERIFY(!error.limit().empty() && !error.action().empty());
}

void TestCudaDevice::lost() {
  constexpr int kIllegalAddress = 700;
  const auto backend = make_emulated_backend();
  emulation::break_device(kIllegalAddress);
  bool lost = false;
  try {
    backend->synchronize();
  } catch (const DeviceLost& error) {
    lost = true;
    QVERIFY2(std::string(error.what()).find("cudaErrorIllegalAddress") != std::string::npos, error.what());
    QCOMPARE(int(error.kind()), int(ErrorKind::device));
  }
  QVERIFY(lost);
  QVERIFY(!train::device_lost());
  train::describe(std::make_exception_ptr(Error(ErrorKind::device, "no driver")));
  QVERIFY(!train::device_lost());  // the engine stays
  QCOMPARE(train::describe(std::make_exception_ptr(DeviceLost("gone", "", "", ""))).kind, std::string("device"));
  QVERIFY(train::device_lost());
  emulation::heal();
}

void TestCudaDevice::modules_data() {
  QTest::addColumn<QString>("module");
  QTest::addColumn<QString>("says");
  QTest::newRow("switched off") << "off"
                                << "switched off";
  QTest::newRow("no such file") << "/nowhere/libmoe_cuda.so"
                                << "no CUDA module at";
  QTest::newRow("no library") << "text"
                              << "cannot be loaded";
  QTest::newRow("another library") << "libm.so.6"
                                   << "another version";
}

void TestCudaDevice::modules() {
  QFETCH(QString, module);
  QFETCH(QString, says);
  const QTemporaryDir folder;
  QString path = module;
  if (module == "text") {
    path = folder.filePath("libmoe_cuda.so");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("no library") > 0);
  } else if (module == "libm.so.6") {
    for (const char* place : {"/lib/x86_64-linux-gnu/", "/lib/aarch64-linux-gnu/", "/lib64/", "/usr/lib/"})
      if (QFile::exists(place + module)) path = place + module;
    if (path == module) QSKIP("no libm.so.6 in the usual places");
  }
  const QByteArray before = qgetenv("MOE_CUDA_MODULE");
  qputenv("MOE_CUDA_MODULE", path.toLocal8Bit());
  const Error error = error_of([] { make_backend("cuda", 1); });
  const CudaState state = cuda_state();
  const std::string automatic = make_backend("auto", 1)->name();
  qputenv("MOE_CUDA_MODULE", before);
  QCOMPARE(int(error.kind()), int(ErrorKind::device));
  QVERIFY2(QString(error.what()).contains(says), error.what());
  QVERIFY(!error.action().empty());
  QVERIFY(!state.usable && state.text == error.what());
  QCOMPARE(automatic, std::string("cpu"));
}

QTEST_GUILESS_MAIN(TestCudaDevice)
#include "tst_cuda_device.moc"
