// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/runtime.h"

#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "engine/backend/cpu/gemm.h"
#include "engine/core/error.h"

namespace moe::cpu {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

/// A cache line; blocks of several huge pages start on one.
std::align_val_t alignment_of(std::size_t bytes) { return std::align_val_t{bytes >= 2 * kHugePage ? kHugePage : 64}; }

/// A step walks through all its activations: with pages of 4 KiB it would miss the address cache all the time.
void prefer_huge_pages([[maybe_unused]] void* block, [[maybe_unused]] std::size_t bytes) {
#ifdef MADV_HUGEPAGE
  if (bytes >= 2 * kHugePage) madvise(block, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish; may be refused
#endif
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  try {
    void* block = ::operator new(std::max<std::size_t>(bytes, 1), alignment_of(bytes));
    prefer_huge_pages(block, bytes);
    return block;
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::resource, "out of memory", "", "asked for " + std::to_string(bytes >> 20) + " MiB",
                "Make the batch, the context or the model smaller.");
  }
}

void free_aligned(void* block, std::size_t bytes) { ::operator delete(block, alignment_of(bytes)); }

void* Scratch::reserve(std::size_t bytes) {
  if (bytes > bytes_) {
    release();
    data_ = allocate_aligned(bytes);
    bytes_ = bytes;
  }
  return data_;
}

void Scratch::release() {
  if (data_) free_aligned(data_, bytes_);
  data_ = nullptr;
  bytes_ = 0;
}

Runtime::Runtime(int threads) : pool(threads, use_one_gemm_thread), local_(static_cast<std::size_t>(pool.threads())) {}

}  // namespace moe::cpu
