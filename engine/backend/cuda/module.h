// SPDX-License-Identifier: Apache-2.0
// What make_backend looks up in libmoe_cuda.so. Program and module are built from one tree; the number tells apart
// those that are not.
#pragma once
#include "engine/backend/backend.h"

namespace moe::cuda {

/// Raised by whoever changes Backend, an op family or this struct.
constexpr int kModuleVersion = 1;

struct Module {
  int version;
  /// A new backend on the first device, owned by the caller. Throws Error(device) when there is none to use.
  Backend* (*make)(int threads);
};

constexpr const char* kModuleFile = "libmoe_cuda.so";
constexpr const char* kModuleEntry = "moe_cuda_module";  // extern "C" const Module* moe_cuda_module()
/// Compute capability 8.0: the first with bfloat16 products.
constexpr int kOldestMajor = 8;

}  // namespace moe::cuda
