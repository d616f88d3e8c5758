// SPDX-License-Identifier: Apache-2.0
// What the files that follow points through a model share.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include "engine/train/model.h"

namespace moe::train {

/// A view as floats on the host.
std::vector<float> floats(ops::Context& ctx, ConstView v);
/// The layer that is asked for, counted among those with a router; null when none has one. Throws Error(usage).
const routing::MoeLayer* layer_of(const Model& model, int moe_layer);

/// Every how many of n points, so that no more than `most` are taken, from the first on.
inline std::size_t stride_of(std::size_t n, std::size_t most) {
  return std::max<std::size_t>(1, (n + most - 1) / std::max<std::size_t>(most, 1));
}

}  // namespace moe::train
