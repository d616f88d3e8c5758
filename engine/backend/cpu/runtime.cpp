// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/runtime.h"

#include <new>

#include "engine/backend/cpu/gemm.h"
#include "engine/core/error.h"

namespace moe::cpu {
namespace {

constexpr std::align_val_t kAlignment{64};

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  try {
    return ::operator new(std::max<std::size_t>(bytes, 1), kAlignment);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorKind::resource, "out of memory", "", "asked for " + std::to_string(bytes >> 20) + " MiB",
                "Make the batch, the context or the model smaller.");
  }
}

void free_aligned(void* block) { ::operator delete(block, kAlignment); }

void* Scratch::reserve(std::size_t bytes) {
  if (bytes > bytes_) {
    release();
    data_ = allocate_aligned(bytes);
    bytes_ = bytes;
  }
  return data_;
}

void Scratch::release() {
  if (data_) free_aligned(data_);
  data_ = nullptr;
  bytes_ = 0;
}

Runtime::Runtime(int threads) : pool(threads, use_one_gemm_thread), local_(static_cast<std::size_t>(pool.threads())) {}

}  // namespace moe::cpu
