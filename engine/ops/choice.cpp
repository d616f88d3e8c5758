// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/choice.h"

#include "engine/ops/check.h"

namespace moe::ops {
namespace {

bool is_ids(ConstView ids) { return ids.dtype == DType::i32 && ids.shape.rank == 2; }

void check_scores(const char* op, ConstView a, ConstView b) {
  require(same_real({a, b}) && a.shape.rank == 2 && a.shape == b.shape, op, "two [T,E] of one floating-point dtype");
}

}  // namespace

void mask_groups(Context& ctx, View y, ConstView x, int groups, int keep) {
  constexpr auto kOp = "mask_groups";
  check_scores(kOp, y, x);
  require(groups >= 1 && x.dim(1) % groups == 0 && keep >= 1 && keep <= groups, kOp,
          "groups divide E, 1 <= keep <= groups");
  ctx.backend.choice().mask_groups(y, x, groups, keep);
}

void sinkhorn(Context& ctx, View plan, ConstView s, double tolerance, int most_iterations) {
  check_scores("sinkhorn", plan, s);
  ctx.backend.choice().sinkhorn(plan, s, tolerance, most_iterations);
}

void random_choices(Context& ctx, View ids, const RandomStream& stream, double fraction, int experts) {
  require(is_ids(ids) && ids.dim(1) <= experts, "random_choices", "ids[T,k] int32, k <= E");
  ctx.backend.choice().random_choices(ids, stream, fraction, experts);
}

void table_choices(Context& ctx, View ids, ConstView table, ConstView token_ids, int experts) {
  require(is_ids(ids) && ids.dim(1) <= experts && table.dtype == DType::i32 && is_i32(token_ids, {ids.dim(0)}),
          "table_choices", "ids[T,k], table[V], token_ids[T] int32, k <= E");
  ctx.backend.choice().table_choices(ids, table, token_ids, experts);
}

void expert_choices(Context& ctx, View ids, ConstView scores, std::int64_t capacity) {
  constexpr auto kOp = "expert_choices";
  require(is_real(scores) && scores.shape.rank == 2 && is_i32(ids, scores.shape), kOp, "ids[T,E] int32, scores[T,E]");
  require(capacity >= 0 && capacity <= scores.dim(0), kOp, "0 <= capacity <= T");
  ctx.backend.choice().expert_choices(ids, scores, capacity);
}

void keep_second(Context& ctx, View ids, ConstView weights, const RandomStream& stream) {
  require(is_ids(ids) && ids.dim(1) == 2 && is_real(weights) && weights.shape == ids.shape, "keep_second",
          "ids[T,2] int32, weights[T,2]");
  ctx.backend.choice().keep_second(ids, weights, stream);
}

void guarantee_minimum(Context& ctx, View ids, ConstView scores, std::int64_t minimum) {
  require(is_ids(ids) && is_real(scores) && scores.shape.rank == 2 && scores.dim(0) == ids.dim(0), "guarantee_minimum",
          "ids[T,k] int32, scores[T,E]");
  ctx.backend.choice().guarantee_minimum(ids, scores, minimum);
}

void limit_capacity(Context& ctx, View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                    bool by_weight) {
  require(is_ids(ids) && is_i32(kept, ids.shape) && is_real(weights) && weights.shape == ids.shape, "limit_capacity",
          "kept[T,k], ids[T,k] int32, weights[T,k]");
  ctx.backend.choice().limit_capacity(kept, ids, weights, experts, capacity, by_weight);
}

void count_groups(Context& ctx, View counts, ConstView ids) {
  require(is_ids(ids) && counts.dtype == DType::i32 && counts.shape.rank == 2 && ids.dim(0) % counts.dim(0) == 0,
          "count_groups", "counts[G,E] and ids[T,k] int32, G divides T");
  ctx.backend.choice().count_groups(counts, ids);
}

}  // namespace moe::ops
