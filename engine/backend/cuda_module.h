// SPDX-License-Identifier: Apache-2.0
// Finds and loads the CUDA module. Of the engine only make_backend.cpp includes this.
#pragma once
#include "engine/backend/cuda/module.h"

namespace moe {

/// The module, loaded once per process and never unloaded. Looked for beside the program and in ../lib/moe-studio; the
/// environment variable MOE_CUDA_MODULE names another file, or says "off". Throws Error(device): no module, no NVIDIA
/// driver, a library it needs is missing, or it belongs to another version.
const cuda::Module& cuda_module();

}  // namespace moe
