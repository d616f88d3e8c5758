// SPDX-License-Identifier: Apache-2.0
// Who goes where once scores are known: groups, tables, chance, guarantees and limits. ids[T,k] are int32, −1 = none.
// Conventions of shapes: engine/ops/ops.h.
#pragma once
#include <cstdint>

#include "engine/backend/families/choice.h"
#include "engine/ops/context.h"

namespace moe::ops {

/// y = x[T,E] where the expert's group is among the `keep` best of its row, else −inf. Groups are E/groups neighbours;
/// a group's score is the sum of its two largest x (DeepSeek-V3, 2412.19437); ties go to the lower group.
void mask_groups(Context& ctx, View y, ConstView x, int groups, int keep);
/// plan[T,E] = d1·cost·d0 of cost = e^s: rows sum to 1/T, columns to 1/E. d0 = (1/T)/(cost·d1 + 1e-8), d1 =
/// (1/E)/(costᵀ·d0 + 1e-8) from d1 = 1 until the mean change of d1 is below `tolerance` (as Megatron-LM's Sinkhorn;
/// BASE layers, 2103.16716, solve the same problem exactly).
void sinkhorn(Context& ctx, View plan, ConstView s, double tolerance, int most_iterations);
/// Every token, with the chance `fraction`, gets k different experts drawn evenly; the others keep their ids.
void random_choices(Context& ctx, View ids, const RandomStream& stream, double fraction, int experts);
/// ids[t,j] = (table[token_ids[t]] + j) mod E; table[V] int32.
void table_choices(Context& ctx, View ids, ConstView table, ConstView token_ids, int experts);
/// ids[T,E]: ids[t,e] = e where t is among the `capacity` largest of column e of scores[T,E], else −1 (Expert Choice,
/// 2202.09368); ties go to the earlier token, NaN counts as −inf.
void expert_choices(Context& ctx, View ids, ConstView scores, std::int64_t capacity);
/// ids[T,2]: the second choice stays with probability min(1, 2·weights[t,1]) (GShard, 2006.16668).
void keep_second(Context& ctx, View ids, ConstView weights, const RandomStream& stream);
/// Gives every expert `minimum` assignments where it can be done: tokens in the order of scores[T,E] for that expert
/// change their last choice, unless the expert they leave would fall below the minimum itself.
void guarantee_minimum(Context& ctx, View ids, ConstView scores, std::int64_t minimum);
/// kept = ids where a place was free, else −1. An expert has `capacity` places; all first choices come before any
/// second one, and among them earlier tokens first, or larger weights[T,k] first when `by_weight`.
void limit_capacity(Context& ctx, View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                    bool by_weight);
/// counts[G,E] int32 of the G equal runs of tokens.
void count_groups(Context& ctx, View counts, ConstView ids);

}  // namespace moe::ops
