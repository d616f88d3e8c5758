// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>

#include "engine/backend/backend.h"

namespace moe::test {

/// The CUDA backend on the emulated device.
std::unique_ptr<Backend> make_emulated_backend();

}  // namespace moe::test
