// SPDX-License-Identifier: Apache-2.0
// The part of the CUDA runtime that engine/backend/cuda uses, on the host: kernels compile as plain functions and run
// in fibers. Work given to a stream is queued and runs when the host waits, so that reading a result too early, or
// reusing a source too early, shows.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <type_traits>

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
  cudaErrorInvalidConfiguration = 9,
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
  cudaErrorContained = 226,
  cudaErrorTensorMemoryLeak = 721,
  cudaErrorMpsClientTerminated = 810,
  cudaErrorExternalDevice = 911,
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

/// Whether a device takes such a launch; otherwise cudaGetLastError says so.
bool launchable(dim3 grid, dim3 block);

/// kernel<<<grid, block, 0, stream>>>(arguments…).
template <class Kernel, class... Arguments>
void launch(cudaStream_t stream, dim3 grid, dim3 block, Kernel kernel, Arguments... arguments) {
  if (!launchable(grid, block)) return;
  enqueue(stream, [=] { Block::run_grid(grid, block, [=] { kernel(arguments...); }); });
}

/// `result` of a mathematical function as another library might have it: off by up to `most` units in the last place,
/// the same for the same result. What is exact everywhere (0, ±1, not finite) stays.
template <class T>
T off_by(T result, int most) {
  using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
  if (!std::isfinite(result) || result == T(0) || std::fabs(result) == T(1)) return result;
  const auto bits = std::bit_cast<Bits>(result);
  const std::uint64_t mixed = (std::uint64_t{bits} + 1) * 0x9E3779B97F4A7C15u;
  const int by = static_cast<int>((mixed >> 40) % static_cast<unsigned>(2 * most + 1)) - most;
  const T other = std::bit_cast<T>(static_cast<Bits>(bits + static_cast<Bits>(by)));
  // No function here leaves the interval of its values.
  return std::fabs(result) < T(1) && std::fabs(other) > T(1) ? std::copysign(T(1), other) : other;
}

/// Reads and writes of several numbers at once fault on a device where the address is no multiple of their size.
inline void aligned(const void* address, std::size_t size) {
  if (reinterpret_cast<std::uintptr_t>(address) % size != 0)
    Block::current().fail("a whole of " + std::to_string(size) + " bytes at an unaligned address");
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
    return Element(block_, inside(at));
  }
  /// *from, or zero for null, arrives at the thread's wait (Block::copy_later).
  template <class Index>
  void copy_later(Index at, const T* from) const {
    Block::current().copy_later(*block_, inside(at), sizeof(T), from);
  }

 private:
  template <class Index>
  std::size_t inside(Index at) const {
    const auto i = static_cast<std::size_t>(at);
    if (i >= block_->count) Block::current().fail("shared " + block_->name + "[" + std::to_string(i) + "] is outside");
    return i;
  }
  SharedBlock* block_;
};

/// What each lane of the warp gave; until this lane's next exchange.
template <class T>
class Lanes {
 public:
  Lanes(const T& own, std::source_location where)
      : values_(Block::current().exchange(&own, sizeof own, where)), own_(Block::current().thread() % 32) {}
  int own() const { return own_; }
  T operator[](int lane) const {
    T value;
    std::memcpy(&value, values_ + static_cast<std::size_t>(lane) * Block::kSlot, sizeof value);
    return value;
  }

 private:
  const std::byte* values_;
  int own_;
};

template <class T, class Lane>
T shuffle(T value, Lane lane, std::source_location where) {
  const Lanes<T> lanes(value, where);
  const int from = lane(lanes.own());
  return lanes[from < 0 || from > 31 ? lanes.own() : from];
}

// The tensor cores, with the fragments of the PTX ISA: lane = 4·group + pair.

inline float bf16_at(const std::uint32_t* words, int i) {
  const std::uint32_t word = words[i / 2];
  return std::bit_cast<float>(i % 2 ? word & 0xFFFF0000u : word << 16);
}

/// The float32 next to x on the side of zero.
inline float cut_off(double x) {
  const auto nearest = static_cast<float>(x);
  return std::fabs(static_cast<double>(nearest)) > std::fabs(x) ? std::nextafter(nearest, 0.f) : nearest;
}

/// mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 in place of acc. The products are exact; how their sum is
/// rounded the PTX ISA leaves open: devices cut it off (Fasi et al., Numerical behavior of NVIDIA tensor cores, 2021).
inline void mma_bf16(float (&acc)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1,
                     std::source_location where) {
  struct Fragments {
    std::uint32_t a[4], b[2];
  };
  const Lanes<Fragments> lanes({{a[0], a[1], a[2], a[3]}, {b0, b1}}, where);
  const int group = lanes.own() / 4, pair = lanes.own() % 4;
  double sums[4] = {acc[0], acc[1], acc[2], acc[3]};
  for (int quarter = 0; quarter < 4; ++quarter) {  // of the 16 in a sum: k%8 / 2 picks the lane, k/8 the register
    const Fragments rows = lanes[4 * group + quarter];
    for (int column = 0; column < 2; ++column) {
      const Fragments columns = lanes[4 * (2 * pair + column) + quarter];
      for (int row = 0; row < 2; ++row)  // group, group + 8
        for (int k = 0; k < 2; ++k)
          sums[2 * row + column] +=
              static_cast<double>(bf16_at(rows.a, 2 * row + k)) * static_cast<double>(bf16_at(columns.b, k)) +
              static_cast<double>(bf16_at(rows.a, 4 + 2 * row + k)) * static_cast<double>(bf16_at(columns.b, 2 + k));
    }
  }
  for (int i = 0; i < 4; ++i) acc[i] = cut_off(sums[i]);
}

/// ldmatrix.sync.aligned.m8n8.x4[.trans].shared.b16: lane 8·i + r names row r of matrix i; words(i) are this lane's.
template <class Row>
void load_matrices(std::uint32_t (&words)[4], const Row& own, bool transposed, std::source_location where) {
  static_assert(sizeof(Row) == 16);
  const Lanes<Row> lanes(own, where);
  const int group = lanes.own() / 4, pair = lanes.own() % 4;
  for (int matrix = 0; matrix < 4; ++matrix) {
    const auto element = [&](int row, int column) {
      std::uint16_t bits[8];
      const Row whole = lanes[8 * matrix + row];
      std::memcpy(bits, &whole, sizeof bits);
      return std::uint32_t{bits[column]};
    };
    words[matrix] = transposed ? element(2 * pair, group) | element(2 * pair + 1, group) << 16
                               : element(group, 2 * pair) | element(group, 2 * pair + 1) << 16;
  }
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
  const emulation::Lanes<unsigned char> lanes(one, where);
  unsigned all = 0;
  for (int lane = 0; lane < 32; ++lane)
    if (lanes[lane] != 0) all |= 1u << lane;
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
