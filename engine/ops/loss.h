// SPDX-License-Identifier: Apache-2.0
// Task losses. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

/// Softmax cross-entropy with its gradient in one pass. loss[T] in nats; dlogits[T,V] = scale·(softmax − onehot), may
/// be the logits themselves, or another array stored rounded; empty dlogits: loss only. A target < 0 counts for nothing
/// (loss 0, gradient 0).
void cross_entropy(Context& ctx, View loss, View dlogits, ConstView logits, ConstView targets, double scale);

/// Squared error with its gradient in one pass. loss[T] = Σ_c (y_tc − target_tc)², y and targets [T,C]; dy = scale·2·
/// (y − target), may be y itself; empty dy: loss only.
void squared_error(Context& ctx, View loss, View dy, ConstView y, ConstView targets, double scale);

}  // namespace moe::ops
