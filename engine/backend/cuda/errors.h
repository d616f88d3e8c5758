// SPDX-License-Identifier: Apache-2.0
// What a failed CUDA call means to the person at the screen.
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/core/error.h"

namespace moe::cuda {

/// Whether every later call of this process would fail too (cudaError_t docs: "the process must be terminated and
/// relaunched").
bool needs_relaunch(cudaError_t status);

/// cudaMalloc; Error(resource) with need and free memory when there is too little.
void* allocate_device(std::size_t bytes);

}  // namespace moe::cuda
