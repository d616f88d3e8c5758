// SPDX-License-Identifier: Apache-2.0
// What a soft mixture of experts is made of (Puigcerver et al. 2023, 2308.00951): M slots of every sequence are
// weighted sums of its tokens, and every token is a weighted sum of its sequence's slots. T = batch·S tokens; a slot's
// rows lie at mixed[m·batch + b], so that the rows of one expert are neighbours. Conventions of gradients:
// engine/ops/ops.h.
#pragma once
#include "engine/ops/context.h"

namespace moe::ops {

/// y = x/(|x| + 1e-12) for each row of [R,D]; norms[R] = |x| + 1e-12. The backward writes dx.
void unit_rows_forward(Context& ctx, View y, View norms, ConstView x);
void unit_rows_backward(Context& ctx, View dx, ConstView dy, ConstView y, ConstView norms);
/// Softmax of s[T,M] over the tokens of each sequence, slot by slot. The backward adds to ds.
void token_softmax_forward(Context& ctx, View p, ConstView s, int batch);
void token_softmax_backward(Context& ctx, View ds, ConstView dp, ConstView p, int batch);
/// mixed[M·batch,D]: slot m of sequence b = Σ over its tokens t of weights[t,m]·x[t]. The backward writes dx and
/// dweights.
void mix_forward(Context& ctx, View mixed, ConstView x, ConstView weights, int batch);
void mix_backward(Context& ctx, View dx, View dweights, ConstView dslots, ConstView x, ConstView weights, int batch);
/// y[T,D] (+)= Σ_m weights[t,m]·(slot m of t's sequence). The backward writes dslots and dweights.
void unmix_forward(Context& ctx, View y, ConstView mixed, ConstView weights, int batch, bool accumulate);
void unmix_backward(Context& ctx, View dslots, View dweights, ConstView dy, ConstView mixed, ConstView weights,
                    int batch);

}  // namespace moe::ops
