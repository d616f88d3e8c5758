// SPDX-License-Identifier: Apache-2.0
// All metrics of a run as CSV (RFC 4180, header row, '.' decimals, empty = absent).
#pragma once
#include <cstdint>
#include <filesystem>

#include "engine/run/store.h"

namespace moe::train {

/// One row per step: scalars, then for each MoE layer its losses, statistics and the load of every expert (absent while
/// the layer has fewer than at its most); the held-out loss in the rows of the steps where it was measured. Written
/// next to `file`, then renamed over it. Returns the rows. Throws Error(resource) naming the failing call.
std::int64_t export_csv(const run::Store& store, const std::filesystem::path& file);

}  // namespace moe::train
