// SPDX-License-Identifier: Apache-2.0
#include <cuda_runtime.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/support/cuda_emulation/control.h"

struct EmulatedStream {
  struct Job {
    std::function<void()> work;  // or
    cudaStream_t waits_for;      // until it has done
    std::uint64_t after;
  };
  std::deque<Job> queue;
  std::uint64_t issued = 0, done = 0;
};
struct EmulatedEvent {
  cudaStream_t stream = nullptr;
  std::uint64_t after = 0;  // of the work issued to the stream
};

namespace emulation {
namespace {

constexpr std::size_t kMemory = std::size_t{8} << 30;

std::uint32_t g_order = 0;
Counters g_counters;
std::size_t g_memory = kMemory, g_used = 0;
cudaError_t g_broken = cudaSuccess;  // for good
cudaError_t g_once = cudaSuccess;    // for the next call
cudaError_t g_last = cudaSuccess;    // nobody has asked for yet
bool g_refuses_grouped = false;
std::mutex g_lock;
std::map<void*, std::size_t> g_blocks;
std::vector<cudaStream_t> g_streams;

void drain(cudaStream_t stream, std::uint64_t until);

cudaError_t failed(cudaError_t error) { return g_last = error; }
/// What a call that did its part returns.
cudaError_t outcome() {
  if (g_broken != cudaSuccess) return g_broken;
  const cudaError_t error = std::exchange(g_once, cudaSuccess);
  return error == cudaSuccess ? error : failed(error);
}

void run_first(cudaStream_t stream) {
  const auto job = std::move(stream->queue.front());
  stream->queue.pop_front();
  ++stream->done;
  if (job.work)
    job.work();
  else
    drain(job.waits_for, job.after);
}

/// Runs what the stream holds, and what that waits for in other streams, as late as possible. What a kernel did wrong
/// is thrown here, at the call that waits.
void drain(cudaStream_t stream, std::uint64_t until) {
  try {
    while (stream->done < until) run_first(stream);
  } catch (...) {
    stream->queue.clear();
    stream->done = stream->issued;
    throw;
  }
}
void drain(cudaStream_t stream) { drain(stream, stream->issued); }

/// In the other order, streams beside the first run as early as they may.
void run_early(cudaStream_t stream) {
  if (g_order == 0 || stream == g_streams.front()) return;
  while (!stream->queue.empty() &&
         (stream->queue.front().work || stream->queue.front().waits_for->done >= stream->queue.front().after))
    run_first(stream);
}

void push(cudaStream_t stream, EmulatedStream::Job job) {
  ++stream->issued;
  stream->queue.push_back(std::move(job));
  run_early(stream);
}

}  // namespace

std::uint32_t order() { return g_order; }
void set_order(std::uint32_t value) { g_order = value; }
Counters& counters() { return g_counters; }
void set_memory(std::size_t bytes) { g_memory = bytes; }
std::size_t memory_in_use() { return g_used; }
void break_device(int error) { g_broken = static_cast<cudaError_t>(error); }
void fail_once(int error) { g_once = static_cast<cudaError_t>(error); }
void refuse_grouped_calls(bool refuse) { g_refuses_grouped = refuse; }
bool refuses_grouped_calls() { return g_refuses_grouped; }
void heal() {
  g_memory = kMemory;
  g_broken = g_once = g_last = cudaSuccess;
  g_refuses_grouped = false;
}

bool on_device(const void* begin, std::size_t bytes) {
  const std::lock_guard lock(g_lock);
  auto found = g_blocks.upper_bound(const_cast<void*>(begin));
  if (found == g_blocks.begin()) return false;
  --found;
  return static_cast<const char*>(begin) + bytes <= static_cast<const char*>(found->first) + found->second;
}

bool launchable(dim3 grid, dim3 block) {
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  const bool good = threads > 0 && threads <= 1024 && grid.x > 0 && grid.x <= 0x7fffffffu && grid.y > 0 &&
                    grid.y <= 65535 && grid.z > 0 && grid.z <= 65535;
  if (!good) failed(cudaErrorInvalidConfiguration);
  return good;
}

void enqueue(cudaStream_t stream, std::function<void()> work) {
  ++g_counters.launches;
  push(stream, {std::move(work), nullptr, 0});
}

}  // namespace emulation

using namespace emulation;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorIllegalAddress:
      return "cudaErrorIllegalAddress";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    default:
      return "cudaErrorOther";
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorIllegalAddress ? "an illegal memory access was encountered" : cudaGetErrorName(error);
}
cudaError_t cudaGetLastError() {
  const cudaError_t error = std::exchange(g_last, cudaSuccess);
  return g_broken != cudaSuccess ? g_broken : error;
}
cudaError_t cudaPeekAtLastError() { return g_broken != cudaSuccess ? g_broken : g_last; }
cudaError_t cudaGetDeviceCount(int* count) {
  *count = 1;
  return g_broken;
}
cudaError_t cudaSetDevice(int) { return g_broken; }
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"emulated device", kMemory, 9, 0, 4};
  return g_broken;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
// Unwritten memory reads as NaN, or as −1.
cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  const std::lock_guard lock(g_lock);
  if (g_used + bytes > g_memory) return failed(cudaErrorMemoryAllocation);
  void* block = std::aligned_alloc(256, (bytes + 255) / 256 * 256);
  if (!block) return failed(cudaErrorMemoryAllocation);
  std::memset(block, 0xFF, bytes);
  g_blocks[block] = bytes;
  g_used += bytes;
  ++g_counters.allocations;
  *memory = block;
  return cudaSuccess;
}
// Waits for the device, as the real one does.
cudaError_t cudaFree(void* memory) {
  if (!memory) return cudaSuccess;
  for (cudaStream_t stream : g_streams)
    if (g_broken == cudaSuccess) drain(stream);
  const std::lock_guard lock(g_lock);
  const auto found = g_blocks.find(memory);
  if (found == g_blocks.end()) return failed(cudaErrorInvalidValue);
  g_used -= found->second;
  g_blocks.erase(found);
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  *memory = std::malloc(bytes);
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* memory) {
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = g_memory > g_used ? g_memory - g_used : 0;
  *total = kMemory;
  return g_broken;
}
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const bool fits = on_device(from, bytes) == (kind != cudaMemcpyHostToDevice) &&
                    on_device(to, bytes) == (kind != cudaMemcpyDeviceToHost);
  if (!fits) return failed(cudaErrorInvalidValue);
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  enqueue(stream, [=] { std::memmove(to, from, bytes); });
  return cudaSuccess;
}
cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream) {
  if (!on_device(to, bytes)) return failed(cudaErrorInvalidValue);
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  enqueue(stream, [=] { std::memset(to, value, bytes); });
  return cudaSuccess;
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  *stream = new EmulatedStream;
  g_streams.push_back(*stream);
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  std::erase(g_streams, stream);
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  ++g_counters.waits;
  if (g_broken == cudaSuccess) drain(stream);
  return g_broken;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  if (const cudaError_t error = outcome(); error != cudaSuccess) return error;
  *event = new EmulatedEvent;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  event->stream = stream;
  event->after = stream->issued;
  return g_broken;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  if (event->stream) push(stream, {{}, event->stream, event->after});
  return g_broken;
}
// What is over already is not waited for. Otherwise the whole queue runs, also what was issued after the event.
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  if (!event->stream || event->after <= event->stream->done) return g_broken;
  ++g_counters.waits;
  if (g_broken == cudaSuccess) drain(event->stream);
  return g_broken;
}
