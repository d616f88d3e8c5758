// SPDX-License-Identifier: Apache-2.0
// Embedding table. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

void embedding_forward(Context& ctx, View y, ConstView table, ConstView ids);     // y[T,D], table[V,D], ids[T]
void embedding_backward(Context& ctx, View dtable, ConstView dy, ConstView ids);  // dtable +=, fixed order

}  // namespace moe::ops
