// SPDX-License-Identifier: Apache-2.0
// The emulated device as its host sees it: streams, launches, copies, memory and cuBLAS answer as CUDA's do, and the
// results of its mathematical functions are its own.
#include <QtTest>

#include <cublas_v2.h>
#include <cuda_runtime.h>

#include "engine/backend/cuda/device.h"
#include "tests/support/cuda_emulation/control.h"

namespace {

struct DeviceMemory {
  explicit DeviceMemory(std::size_t bytes) { cudaMalloc(&data, bytes); }
  ~DeviceMemory() { cudaFree(data); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* data = nullptr;
};

}  // namespace

class TestCudaEmulatedHost : public QObject {
  Q_OBJECT
 private slots:
  void streams();
  void streams_side_by_side();
  void launches();
  void last_bits();
  void products_of_cublas();
  void memory();
};

// Work waits until the host does, and a source that was changed meanwhile shows.
void TestCudaEmulatedHost::streams() {
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
void TestCudaEmulatedHost::launches() {
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
void TestCudaEmulatedHost::last_bits() {
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
void TestCudaEmulatedHost::products_of_cublas() {
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
void TestCudaEmulatedHost::streams_side_by_side() {
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

void TestCudaEmulatedHost::memory() {
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

QTEST_GUILESS_MAIN(TestCudaEmulatedHost)
#include "tst_cuda_emulated_host.moc"
