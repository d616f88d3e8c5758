// SPDX-License-Identifier: Apache-2.0
// A backend whose memory the host may touch while a device computes: every op takes its arguments there and brings the
// results back. Slow, and it lets every test that reads arrays directly run on a device.
#pragma once
#include <memory>

#include "engine/backend/backend.h"

namespace moe::test {

std::unique_ptr<Backend> make_host_side(std::unique_ptr<Backend> device);

}  // namespace moe::test
