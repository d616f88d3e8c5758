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
void unaligned_pack_kernel(int* out) { out[0] = moe::cuda::load<4>(out + threadIdx.x + 1).at[0]; }
void large_kernel(int*) {
  MOE_SHARED(double, half, 3072);
  MOE_SHARED(double, more, 3073);
  half[threadIdx.x] = more[threadIdx.x] = 0.0;
}

struct DeviceMemory {
  explicit DeviceMemory(std::size_t bytes) { cudaMalloc(&data, bytes); }
  ~DeviceMemory() { cudaFree(data); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* data = nullptr;
};

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
  void streams();
  void streams_side_by_side();
  void launches();
  void last_bits();
  void products_of_cublas();
  void memory();
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

// Work waits until the host does, and a source that was changed meanwhile shows.
void TestCudaEmulation::streams() {
  cudaStream_t stream;
  QCOMPARE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  int from = 1;
  const DeviceMemory to(sizeof from);
  cudaMemcpyAsync(to.data, &from, sizeof from, cudaMemcpyHostToDevice, stream);
  QCOMPARE(*static_cast<int*>(to.data), -1);
  from = 2;
  QCOMPARE(cudaStreamSynchronize(stream), cudaSuccess);
  QCOMPARE(*static_cast<int*>(to.data), 2);
  QCOMPARE(cudaMemcpyAsync(to.data, &from, sizeof from, cudaMemcpyDeviceToHost, stream), cudaErrorInvalidValue);
  QCOMPARE(cudaMemsetAsync(&from, 0, sizeof from, stream), cudaErrorInvalidValue);
  QCOMPARE(cudaMemsetAsync(to.data, 0, 2 * sizeof from, stream), cudaErrorInvalidValue);
  cudaStreamDestroy(stream);
}

// What a device would not start is not started, and the next to ask learns it.
void TestCudaEmulation::launches() {
  cudaStream_t stream;
  QCOMPARE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  cudaGetLastError();
  int ran = 0;
  const auto outcome = [&](dim3 grid, dim3 block) {
    emulation::launch(stream, grid, block, [&ran] { ++ran; });
    return cudaGetLastError();
  };
  QCOMPARE(outcome(dim3(0), dim3(32)), cudaErrorInvalidConfiguration);
  QCOMPARE(outcome(dim3(1, 65536), dim3(32)), cudaErrorInvalidConfiguration);
  QCOMPARE(outcome(dim3(1, 1, 65536), dim3(32)), cudaErrorInvalidConfiguration);
  QCOMPARE(outcome(dim3(1u << 31), dim3(32)), cudaErrorInvalidConfiguration);
  QCOMPARE(outcome(dim3(1), dim3(1056)), cudaErrorInvalidConfiguration);
  QCOMPARE(outcome(dim3(2), dim3(32)), cudaSuccess);
  cudaStreamSynchronize(stream);
  QCOMPARE(ran, 64);
  cudaStreamDestroy(stream);
}

// No two libraries agree on the last bits of exp, and a test that needs them to is wrong.
void TestCudaEmulation::last_bits() {
  int other = 0;
  for (int i = -1000; i < 1000; ++i) {
    const float x = static_cast<float>(i) / 100, host = expf(x), device = moe::cuda::exponential(x);
    QVERIFY(device == host || device == std::nextafter(host, 0.f) || device == std::nextafter(host, 1e30f));
    QCOMPARE(moe::cuda::exponential(x), device);
    other += device != host;
  }
  QVERIFY2(other > 1000 && other < 2000, qPrintable(QString::number(other)));
  QCOMPARE(moe::cuda::exponential(0.f), 1.f);
  QCOMPARE(moe::cuda::error_function(-9.f), -1.f);
  QCOMPARE(moe::cuda::exponential(-1e9f), 0.f);
}

// cuBLAS takes its pointers from the device, its sizes from the host, and results that repeat need a workspace.
void TestCudaEmulation::products_of_cublas() {
  cudaStream_t stream;
  cublasHandle_t blas;
  cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);
  cublasCreate(&blas);
  const DeviceMemory workspace(256), numbers(4 * sizeof(float));
  float* const at = static_cast<float*>(numbers.data);
  const float one = 1, zero = 0;
  const auto outcome = [&](int n) -> QString {
    try {
      const cublasStatus_t status =
          cublasGemmEx(blas, CUBLAS_OP_N, CUBLAS_OP_N, n, 1, 1, &one, at, CUDA_R_32F, n, at + 2, CUDA_R_32F, 1, &zero,
                       at + 2, CUDA_R_32F, n, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT);
      return cublasGetStatusName(status);
    } catch (const emulation::KernelError& error) {
      return error.what();
    }
  };
  QCOMPARE(cublasSetWorkspace(blas, workspace.data, 256), CUBLAS_STATUS_SUCCESS);
  QCOMPARE(cublasSetStream(blas, stream), CUBLAS_STATUS_SUCCESS);
  QVERIFY(outcome(2).contains("workspace"));
  QCOMPARE(cublasSetWorkspace(blas, workspace.data, 512), CUBLAS_STATUS_INVALID_VALUE);
  QCOMPARE(cublasSetWorkspace(blas, workspace.data, 256), CUBLAS_STATUS_SUCCESS);
  QCOMPARE(outcome(2), QString("CUBLAS_STATUS_SUCCESS"));
  QVERIFY(outcome(3).contains("not whole"));
  cudaStreamSynchronize(stream);
  cublasDestroy(blas);
  cudaStreamDestroy(stream);
}

// (1·2 + 3)·2, the sum in a second stream. Without the first wait the second stream may be too early, without the
// last one it may be too late; with both the order does not matter.
void TestCudaEmulation::streams_side_by_side() {
  const auto result = [](std::uint32_t order, bool wait_before, bool wait_after) {
    emulation::set_order(order);
    cudaStream_t main, other;
    cudaEvent_t forked, joined;
    cudaStreamCreateWithFlags(&main, cudaStreamNonBlocking);
    cudaStreamCreateWithFlags(&other, cudaStreamNonBlocking);
    cudaEventCreateWithFlags(&forked, cudaEventDisableTiming);
    cudaEventCreateWithFlags(&joined, cudaEventDisableTiming);
    int value = 1;
    const auto twice = [&](cudaStream_t stream) { emulation::enqueue(stream, [&] { value *= 2; }); };
    const auto plus_three = [&](cudaStream_t stream) { emulation::enqueue(stream, [&] { value += 3; }); };
    twice(main);
    cudaEventRecord(forked, main);
    if (wait_before) cudaStreamWaitEvent(other, forked, 0);
    plus_three(other);
    cudaEventRecord(joined, other);
    if (wait_after) cudaStreamWaitEvent(main, joined, 0);
    twice(main);
    cudaStreamSynchronize(main);
    const int at_the_end = value;
    cudaStreamSynchronize(other);
    for (const cudaEvent_t event : {forked, joined}) cudaEventDestroy(event);
    for (const cudaStream_t stream : {main, other}) cudaStreamDestroy(stream);
    emulation::set_order(0);
    return at_the_end;
  };
  for (const std::uint32_t order : {0u, 1u}) QCOMPARE(result(order, true, true), (1 * 2 + 3) * 2);
  QCOMPARE(result(1, false, true), (1 + 3) * 2 * 2);  // too early
  QCOMPARE(result(0, true, false), 1 * 2 * 2);        // too late
}

void TestCudaEmulation::memory() {
  void* block = nullptr;
  QCOMPARE(cudaMalloc(&block, 1024), cudaSuccess);
  QVERIFY(std::isnan(static_cast<float*>(block)[255]));  // poisoned
  emulation::set_memory(emulation::memory_in_use() + 100);
  void* more = nullptr;
  QCOMPARE(cudaMalloc(&more, 101), cudaErrorMemoryAllocation);
  QCOMPARE(cudaPeekAtLastError(), cudaErrorMemoryAllocation);
  QCOMPARE(cudaGetLastError(), cudaErrorMemoryAllocation);
  QCOMPARE(cudaGetLastError(), cudaSuccess);
  emulation::fail_once(cudaErrorInvalidValue);
  QCOMPARE(cudaMallocHost(&more, 8), cudaErrorInvalidValue);
  emulation::heal();
  QCOMPARE(cudaFree(block), cudaSuccess);
  QCOMPARE(cudaFree(block), cudaErrorInvalidValue);
}

QTEST_GUILESS_MAIN(TestCudaEmulation)
#include "tst_cuda_emulation.moc"
