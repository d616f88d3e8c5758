// SPDX-License-Identifier: Apache-2.0
// The part of the CUDA runtime that engine/backend/cuda uses, on the host: kernels compile as plain functions and run
// in fibers. Work given to a stream is queued and runs when the host waits, so that reading a result too early, or
// reusing a source too early, shows.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>

#include "tests/support/cuda_emulation/fibers.h"

#define MOE_CUDA_EMULATED 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInsufficientDriver = 35,
  cudaErrorNoDevice = 100,
  cudaErrorECCUncorrectable = 214,
  cudaErrorHardwareStackError = 714,
  cudaErrorIllegalInstruction = 715,
  cudaErrorMisalignedAddress = 716,
  cudaErrorInvalidAddressSpace = 717,
  cudaErrorInvalidPc = 718,
  cudaErrorLaunchFailure = 719,
  cudaErrorIllegalAddress = 700,
  cudaErrorLaunchTimeout = 702,
  cudaErrorAssert = 710,
  cudaErrorUnknown = 999,
  cudaErrorNotReady = 600,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };

struct EmulatedStream;
struct EmulatedEvent;
using cudaStream_t = EmulatedStream*;
using cudaEvent_t = EmulatedEvent*;
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2;

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem;
  int major, minor, multiProcessorCount;
};

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaPeekAtLastError();
cudaError_t cudaGetDeviceCount(int* count);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaDriverGetVersion(int* version);
cudaError_t cudaRuntimeGetVersion(int* version);
cudaError_t cudaMalloc(void** memory, std::size_t bytes);
cudaError_t cudaFree(void* memory);
cudaError_t cudaMallocHost(void** memory, std::size_t bytes);
cudaError_t cudaFreeHost(void* memory);
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total);
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t event);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);

namespace emulation {

void enqueue(cudaStream_t stream, std::function<void()> work);

/// kernel<<<grid, block, 0, stream>>>(arguments…).
template <class Kernel, class... Arguments>
void launch(cudaStream_t stream, dim3 grid, dim3 block, Kernel kernel, Arguments... arguments) {
  enqueue(stream, [=] { Block::run_grid(grid, block, [=] { kernel(arguments...); }); });
}

/// An array in shared memory: bounds, unwritten reads and races are errors.
template <class T>
class SharedArray {
 public:
  SharedArray(std::size_t count, const void* site, const char* name)
      : block_(&Block::current().shared(site, count, sizeof(T), name)) {}
  class Element {
   public:
    Element(SharedBlock* block, std::size_t i) : block_(block), i_(i) {}
    operator T() const {
      block_->read_by(i_, Block::current().thread(), Block::current().epoch());
      return value();
    }
    T operator=(T x) const {
      block_->written_by(i_, Block::current().thread(), Block::current().epoch());
      return value() = x;
    }
    T operator=(const Element& other) const { return *this = static_cast<T>(other); }
    T operator+=(T x) const { return *this = static_cast<T>(*this) + x; }

   private:
    T& value() const { return reinterpret_cast<T*>(block_->bytes.get())[i_]; }
    SharedBlock* block_;
    std::size_t i_;
  };
  template <class Index>
  Element operator[](Index at) const {
    const auto i = static_cast<std::size_t>(at);
    if (i >= block_->count) Block::current().fail("shared " + block_->name + "[" + std::to_string(i) + "] is outside");
    return Element(block_, i);
  }

 private:
  SharedBlock* block_;
};

template <class T, class Lane>
T shuffle(T value, Lane lane, std::source_location where) {
  const std::byte* lanes_of = Block::current().exchange(&value, sizeof value, where);
  const int own = Block::current().thread() % 32;
  const int from = lane(own);
  T out;
  std::memcpy(&out, lanes_of + static_cast<std::size_t>(from < 0 || from > 31 ? own : from) * Block::kSlot, sizeof out);
  return out;
}

inline void whole_warp(unsigned mask) {
  if (mask != 0xffffffffu) Block::current().fail("warp functions here take the whole warp");
}

}  // namespace emulation

inline void __syncthreads(std::source_location where = std::source_location::current()) {
  emulation::Block::current().barrier(where);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lanes, std::source_location where = std::source_location::current()) {
  emulation::whole_warp(mask);
  return emulation::shuffle(
      value, [=](int own) { return own ^ lanes; }, where);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned by, std::source_location where = std::source_location::current()) {
  emulation::whole_warp(mask);
  return emulation::shuffle(
      value, [=](int own) { return own - static_cast<int>(by); }, where);
}
template <class T>
T __shfl_sync(unsigned mask, T value, int lane, std::source_location where = std::source_location::current()) {
  emulation::whole_warp(mask);
  return emulation::shuffle(
      value, [=](int) { return lane & 31; }, where);
}
inline unsigned __ballot_sync(unsigned mask, bool vote, std::source_location where = std::source_location::current()) {
  emulation::whole_warp(mask);
  const unsigned char one = vote;
  const std::byte* lanes_of = emulation::Block::current().exchange(&one, 1, where);
  unsigned all = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if (lanes_of[lane * emulation::Block::kSlot] != std::byte{0}) all |= 1u << lane;
  return all;
}
inline void __syncwarp(std::source_location where = std::source_location::current()) {
  const char none = 0;
  emulation::Block::current().exchange(&none, 1, where);
}
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline std::uint64_t __umul64hi(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(a) * b) >> 64);
}
