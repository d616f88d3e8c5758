// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>

#include "engine/backend/backend.h"

namespace moe {

/// `device`: "auto", "cpu" or "cuda". `threads`: host threads, 0 = all cores.
/// Throws Error(usage) for another word or a negative number, Error(device) for a device this build cannot use.
std::unique_ptr<Backend> make_backend(const std::string& device, int threads);

}  // namespace moe
