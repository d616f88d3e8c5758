// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/embedding.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

void check(const char* op, ConstView y, ConstView table, ConstView ids) {
  require(same_real({y, table}) && y.shape.rank == 2 && table.shape.rank == 2, op,
          "matrices of one floating-point dtype");
  require(y.dim(1) == table.dim(1) && is_i32(ids, {y.dim(0)}), op, "y[T,D], table[V,D], ids[T] int32");
}

}  // namespace

void embedding_forward(Context& ctx, View y, ConstView table, ConstView ids) {
  check("embedding_forward", y, table, ids);
  ctx.backend.embedding().embedding_forward(y, table, ids);
}

void embedding_backward(Context& ctx, View dtable, ConstView dy, ConstView ids) {
  check("embedding_backward", dy, dtable, ids);
  ctx.backend.embedding().embedding_backward(dtable, dy, ids);
}

}  // namespace moe::ops
