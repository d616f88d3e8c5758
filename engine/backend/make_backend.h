// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "engine/backend/backend.h"

namespace moe {

/// `device`: "auto" (CUDA where it can be used, else the CPU; cuda_state() has the reason), "cpu" or "cuda". `threads`:
/// host threads, 0 = all cores.
/// Throws Error(usage) for another word or a negative number, Error(device) for a device that cannot be used here.
std::unique_ptr<Backend> make_backend(const std::string& device, int threads);

struct CudaState {
  bool usable = false;
  std::string text;  // what was found, or the sentence that says what is missing and what to do
};
/// What "auto" decides by.
CudaState cuda_state();

}  // namespace moe
