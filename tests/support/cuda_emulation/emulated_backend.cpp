// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cuda_emulation/emulated_backend.h"

#include "engine/backend/cuda/cuda_backend.h"

namespace moe::test {

std::unique_ptr<Backend> make_emulated_backend() { return std::make_unique<cuda::CudaBackend>(1); }

}  // namespace moe::test
