// SPDX-License-Identifier: Apache-2.0
// What the files that follow points through a model share.
#pragma once
#include <vector>

#include "engine/train/model.h"

namespace moe::train {

/// A view as floats on the host.
std::vector<float> floats(ops::Context& ctx, ConstView v);
/// The layer that is asked for, counted among those with a router; null when none has one. Throws Error(usage).
const routing::MoeLayer* layer_of(const Model& model, int moe_layer);

}  // namespace moe::train
