// SPDX-License-Identifier: Apache-2.0
// What tests ask of the emulated device, and what they can make it do.
#pragma once
#include <cstddef>
#include <cstdint>

namespace emulation {

/// 0: blocks and threads from the first to the last, streams beside the first one only when they are waited for; 1:
/// from the last to the first, and those streams as soon as they may. Results must not depend on it.
std::uint32_t order();
void set_order(std::uint32_t order);

struct Counters {
  std::uint64_t launches = 0, waits = 0, allocations = 0, products = 0, batches = 0,
                grouped_calls = 0;  // waits: of the host for the device
};
Counters& counters();

/// Device memory, in bytes, that cudaMalloc hands out at most.
void set_memory(std::size_t bytes);
std::size_t memory_in_use();
/// The next call that can report an earlier fault of the device reports this cudaError_t, and every call after it too.
void break_device(int error);
/// The next call that can fail for want of something (memory, a stream, an event, a copy) returns this cudaError_t,
/// once. As on a device it is also what cudaGetLastError returns next, unless somebody asks before.
void fail_once(int error);
/// Whether cublasGemmGroupedBatchedEx answers CUBLAS_STATUS_NOT_SUPPORTED.
void refuse_grouped_calls(bool refuse);
bool refuses_grouped_calls();
/// Whether [begin, begin + bytes) lies in one block that cudaMalloc gave.
bool on_device(const void* begin, std::size_t bytes);
/// Undoes set_memory, break_device, fail_once and refuse_grouped_calls.
void heal();

}  // namespace emulation
