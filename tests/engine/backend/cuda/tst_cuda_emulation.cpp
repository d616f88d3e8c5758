// SPDX-License-Identifier: Apache-2.0
// The emulated device itself: barriers and shuffles do what CUDA says, and what would hang, race or read garbage on a
// device is an error here.
#include <QtTest>

#include <cuda_runtime.h>

#include "engine/backend/cuda/device.h"
#include "engine/backend/cuda/packs.h"
#include "engine/backend/cuda/tensor_core.h"
#include "tests/support/cuda_emulation/control.h"

namespace {

constexpr unsigned kAll = 0xffffffffu;

void run(void (*kernel)(int*), unsigned blocks, unsigned threads, int* memory) {
  emulation::Block::run_grid(dim3(blocks), dim3(threads), [=] { kernel(memory); });
}

std::string message_of(void (*kernel)(int*), unsigned threads = 64) {
  int memory[1024] = {};
  try {
    run(kernel, 1, threads, memory);
  } catch (const emulation::KernelError& error) {
    return error.what();
  }
  return "no error";
}

void reverse_kernel(int* out) {
  MOE_SHARED(int, values, 64);
  values[threadIdx.x] = static_cast<int>(blockIdx.x * 64 + threadIdx.x);
  __syncthreads();
  out[blockIdx.x * 64 + threadIdx.x] = values[63 - threadIdx.x];
}

void shuffles_kernel(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  int sum = lane;
  for (int by = 16; by > 0; by /= 2) sum += __shfl_xor_sync(kAll, sum, by);
  const int third = __shfl_sync(kAll, lane * lane, 3), below = __shfl_up_sync(kAll, lane, 1);
  const unsigned odd = __ballot_sync(kAll, lane % 2 == 1);
  out[lane * 4] = sum, out[lane * 4 + 1] = third, out[lane * 4 + 2] = below, out[lane * 4 + 3] = static_cast<int>(odd);
}

void divergent_kernel(int*) {
  if (threadIdx.x < 32) __syncthreads();
}
void two_barriers_kernel(int*) {
  if (threadIdx.x < 32)
    __syncthreads();
  else
    __syncthreads();
}
void lonely_shuffle_kernel(int* out) {
  if (threadIdx.x % 32 != 5) out[threadIdx.x] = __shfl_xor_sync(kAll, 1, 1);
}
void outside_kernel(int*) {
  MOE_SHARED(int, few, 8);
  few[threadIdx.x] = 1;
}
void unwritten_kernel(int* out) {
  MOE_SHARED(int, values, 64);
  if (threadIdx.x == 0) values[0] = 1;
  __syncthreads();
  out[threadIdx.x] = values[threadIdx.x];
}
void missing_barrier_kernel(int* out) {
  MOE_SHARED(int, values, 64);
  values[threadIdx.x] = 1;
  out[threadIdx.x] = values[threadIdx.x / 2];
}
void overwriting_kernel(int* out) {
  MOE_SHARED(int, values, 64);
  values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[63 - threadIdx.x];
  values[threadIdx.x] = 2;  // while others still read
}

using moe::bf16;
using moe::cuda::Chunk;

/// A small integer, exact in bfloat16.
float entry(int row, int column) { return static_cast<float>((row * 7 + column * 3) % 11 - 5); }
std::uint32_t word(float low, float high) { return moe::cuda::pack_bf16(low, high); }

// out[16,8] = A[16,16]·B[16,8] with A(i, k) = entry(i, k), B(k, n) = entry(k + 20, n), from fragments filled by hand.
void product_kernel(int* out) {
  const int g = static_cast<int>(threadIdx.x) / 4, t = static_cast<int>(threadIdx.x) % 4;
  const auto a = [](int row, int column) { return word(entry(row, column), entry(row, column + 1)); };
  const auto b = [](int row, int column) { return word(entry(row + 20, column), entry(row + 21, column)); };
  const std::uint32_t left[4] = {a(g, 2 * t), a(g + 8, 2 * t), a(g, 2 * t + 8), a(g + 8, 2 * t + 8)};
  float sums[4] = {100, 200, 300, 400};
  moe::cuda::mma_bf16(sums, left, b(2 * t, g), b(2 * t + 8, g));
  for (int i = 0; i < 4; ++i) out[(g + i / 2 * 8) * 8 + 2 * t + i % 2] = static_cast<int>(sums[i]) - 100 * (i + 1);
}

/// A tile of 16 rows of 16 numbers, three chunks apart, that hold their own place.
void fill(emulation::SharedArray<Chunk>& tile) {
  const int row = static_cast<int>(threadIdx.x) / 2, half = static_cast<int>(threadIdx.x) % 2;
  Chunk chunk;
  for (int i = 0; i < 4; ++i) {
    const int place = row * 16 + half * 8 + 2 * i;
    chunk.words[i] = static_cast<std::uint32_t>(place | (place + 1) << 16);
  }
  tile[row * 3 + half] = chunk;
  __syncthreads();
}

void matrices_kernel(int* out) {
  MOE_SHARED(Chunk, tile, 48);
  fill(tile);
  const int lane = static_cast<int>(threadIdx.x), row = lane % 8 + lane / 16 * 8, half = lane / 8 % 2;
  std::uint32_t words[4], transposed[4];
  moe::cuda::load_matrices(words, tile, row * 3 + half);
  moe::cuda::load_transposed(transposed, tile, row * 3 + half);
  for (int i = 0; i < 4; ++i) {
    out[lane * 8 + i] = static_cast<int>(words[i]);
    out[lane * 8 + 4 + i] = static_cast<int>(transposed[i]);
  }
}

alignas(16) std::uint16_t source[64 * 8];

// Two groups of copies: the second is still on its way when the first is used.
void copies_kernel(int* out) {
  MOE_SHARED(Chunk, tile, 128);
  const int thread = static_cast<int>(threadIdx.x);
  const auto* from = reinterpret_cast<const bf16*>(source + 8 * thread);
  moe::cuda::copy_async(tile, thread, from, thread % 2 == 0);
  moe::cuda::commit_copies();
  moe::cuda::copy_async(tile, 64 + thread, from, true);
  moe::cuda::commit_copies();
  moe::cuda::wait_copies<1>();
  __syncthreads();
  out[thread] = static_cast<int>(static_cast<Chunk>(tile[63 - thread]).words[0] & 0xFFFF);
  moe::cuda::wait_copies<0>();
  __syncthreads();
  out[64 + thread] = static_cast<int>(static_cast<Chunk>(tile[127 - thread]).words[0] & 0xFFFF);
}

/// One copy, used before or after a wait and a barrier.
void copy_kernel(int* out, bool waits, bool barrier, bool others_read_before, bool commits) {
  MOE_SHARED(Chunk, tile, 64);
  const int thread = static_cast<int>(threadIdx.x);
  if (others_read_before) {
    tile[thread] = Chunk{};
    __syncthreads();
    out[thread] = static_cast<int>(static_cast<Chunk>(tile[63 - thread]).words[0]);
  }
  moe::cuda::copy_async(tile, thread, reinterpret_cast<const bf16*>(source + 8 * thread), true);
  if (commits) moe::cuda::commit_copies();
  if (waits) moe::cuda::wait_copies<0>();
  if (barrier) __syncthreads();
  out[thread] = static_cast<int>(static_cast<Chunk>(tile[63 - thread]).words[0]);
}
void forgotten_wait_kernel(int* out) { copy_kernel(out, false, true, false, true); }
void forgotten_barrier_kernel(int* out) { copy_kernel(out, true, false, false, true); }
void early_copy_kernel(int* out) { copy_kernel(out, true, true, true, true); }
void forgotten_commit_kernel(int* out) { copy_kernel(out, true, true, false, false); }
void unaligned_copy_kernel(int*) {
  MOE_SHARED(Chunk, tile, 64);
  moe::cuda::copy_async(tile, threadIdx.x, reinterpret_cast<const bf16*>(source + threadIdx.x), true);
}
void unaligned_pack_kernel(int* out) {
  out[0] = static_cast<int>(moe::cuda::load<4>(reinterpret_cast<const float*>(out) + threadIdx.x + 1).at[0]);
}
void large_kernel(int*) {
  MOE_SHARED(double, half, 3072);
  MOE_SHARED(double, more, 3073);
  half[threadIdx.x] = more[threadIdx.x] = 0.0;
}

}  // namespace

class TestCudaEmulation : public QObject {
  Q_OBJECT
 private slots:
  void barriers();
  void warps();
  void products();
  void matrices();
  void copies();
  void faults_data();
  void faults();
  void after_a_fault();
};

void TestCudaEmulation::barriers() {
  for (const std::uint32_t order : {0u, 1u}) {
    emulation::set_order(order);
    int out[128];
    run(reverse_kernel, 2, 64, out);
    for (int i = 0; i < 128; ++i) QCOMPARE(out[i], i / 64 * 64 + 63 - i % 64);
  }
  emulation::set_order(0);
}

void TestCudaEmulation::warps() {
  int out[128];
  run(shuffles_kernel, 1, 32, out);
  for (int lane = 0; lane < 32; ++lane) {
    QCOMPARE(out[lane * 4], 31 * 32 / 2);
    QCOMPARE(out[lane * 4 + 1], 9);
    QCOMPARE(out[lane * 4 + 2], lane > 0 ? lane - 1 : 0);
    QCOMPARE(static_cast<unsigned>(out[lane * 4 + 3]), 0xAAAAAAAAu);
  }
}

void TestCudaEmulation::products() {
  int out[128];
  run(product_kernel, 1, 32, out);
  for (int i = 0; i < 16; ++i)
    for (int n = 0; n < 8; ++n) {
      float sum = 0;
      for (int k = 0; k < 16; ++k) sum += entry(i, k) * entry(k + 20, n);
      QCOMPARE(out[i * 8 + n], static_cast<int>(sum));
    }
}

// Matrix i is rows 8·(i/2) … and columns 8·(i%2) … of the tile.
void TestCudaEmulation::matrices() {
  int out[256];
  run(matrices_kernel, 1, 32, out);
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const int first = i / 2 * 8 * 16 + i % 2 * 8, g = lane / 4, t = lane % 4;
      const int row = first + g * 16 + 2 * t, column = first + 2 * t * 16 + g;
      QCOMPARE(out[lane * 8 + i], row | (row + 1) << 16);
      QCOMPARE(out[lane * 8 + 4 + i], column | (column + 16) << 16);
    }
}

void TestCudaEmulation::copies() {
  for (int i = 0; i < 64 * 8; ++i) source[i] = static_cast<std::uint16_t>(i + 1);
  int out[128];
  run(copies_kernel, 1, 64, out);
  for (int thread = 0; thread < 64; ++thread) {
    const int other = 63 - thread;
    QCOMPARE(out[thread], other % 2 == 0 ? 8 * other + 1 : 0);
    QCOMPARE(out[64 + thread], 8 * other + 1);
  }
}

void TestCudaEmulation::faults_data() {
  QTest::addColumn<int>("kernel");
  QTest::addColumn<QString>("says");
  QTest::newRow("half the block at a barrier") << 0 << "divergence";
  QTest::newRow("two different barriers") << 1 << "divergent barriers";
  QTest::newRow("a lane missing in a shuffle") << 2 << "divergence";
  QTest::newRow("beyond shared memory") << 3 << "outside";
  QTest::newRow("unwritten shared memory") << 4 << "unwritten";
  QTest::newRow("a barrier is missing before a read") << 5 << "race";
  QTest::newRow("a barrier is missing before a write") << 6 << "race";
  QTest::newRow("a copy is not waited for") << 7 << "unwritten";
  QTest::newRow("a copy is not committed") << 8 << "unwritten";
  QTest::newRow("a barrier is missing after a copy") << 9 << "unwritten";
  QTest::newRow("a copy starts while others still read") << 10 << "race";
  QTest::newRow("a copy from an odd place") << 11 << "unaligned";
  QTest::newRow("four numbers from an odd place") << 12 << "unaligned";
  QTest::newRow("too much shared memory") << 13 << "48 KiB";
}

void TestCudaEmulation::faults() {
  QFETCH(int, kernel);
  QFETCH(QString, says);
  void (*const kernels[])(int*) = {divergent_kernel,         two_barriers_kernel,   lonely_shuffle_kernel,
                                   outside_kernel,           unwritten_kernel,      missing_barrier_kernel,
                                   overwriting_kernel,       forgotten_wait_kernel, forgotten_commit_kernel,
                                   forgotten_barrier_kernel, early_copy_kernel,     unaligned_copy_kernel,
                                   unaligned_pack_kernel,    large_kernel};
  const QString message = QString::fromStdString(message_of(kernels[kernel]));
  QVERIFY2(message.contains(says), qPrintable(message));
}

void TestCudaEmulation::after_a_fault() {
  QVERIFY(message_of(divergent_kernel) != "no error");
  barriers();
}

QTEST_GUILESS_MAIN(TestCudaEmulation)
#include "tst_cuda_emulation.moc"
