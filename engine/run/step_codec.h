// SPDX-License-Identifier: Apache-2.0
// The layers of one step as one compact blob; a saved format, its first byte is the version.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/protocol/telemetry.h"

namespace moe::run {

/// Version 2: per layer its index, the loads as base-128 varints, the masses as float32, eight scalars as float64, then
/// kept loads, biases (float32) and revived experts, each with its count, 0 when absent. A layer of 8 experts takes
/// about 120 bytes. Version 1 ended after six scalars and is still read.
std::string encode_layers(const std::vector<train::LayerReport>& layers);
/// The reverse into `layers`, whose memory is reused. False when the blob is torn or of another version.
bool decode_layers(std::string_view blob, std::vector<train::LayerReport>& layers);

}  // namespace moe::run
