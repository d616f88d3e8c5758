// SPDX-License-Identifier: Apache-2.0
// The four kinds of router noise and the smooth load. Conventions of shapes and gradients: engine/ops/ops.h.
#pragma once
#include "engine/backend/families/noise.h"
#include "engine/ops/context.h"

namespace moe::ops {

/// x += sigma·N(0,1), element i drawn from block i of the stream.
void add_normal(Context& ctx, View x, const RandomStream& stream, double sigma);
/// x += U[−half_width, half_width], element i drawn from block i.
void add_uniform(Context& ctx, View x, const RandomStream& stream, double half_width);
/// y (+)= x·u, u_i ~ U[1 − epsilon, 1 + epsilon] drawn from block i (Switch, 2101.03961). Its own backward: dx of dy.
void scale_uniform(Context& ctx, View y, ConstView x, const RandomStream& stream, double epsilon, bool accumulate);

/// Learned noise (Shazeer 2017, 1701.06538, eq. 4): sigma = softplus(raw) + 0.01, noisy = clean + N(0,1)·sigma; all
/// [T,E]. Gradient of clean is dnoisy. raw: draw (written) = sigmoid(raw)·(N(0,1)·dnoisy + dsigma); dsigma may be
/// empty.
void learned_noise_forward(Context& ctx, View noisy, View sigma, ConstView clean, ConstView raw,
                           const RandomStream& stream);
void learned_noise_backward(Context& ctx, View draw, ConstView dnoisy, ConstView dsigma, ConstView raw,
                            const RandomStream& stream);

/// Chance of every expert to be among the k best under another draw of its own noise, summed over tokens:
/// load_i = Σ_t Φ((clean_ti − threshold_ti)/sigma_ti) (1701.06538, eq. 8–10). At k = E it is T and has no gradient.
void smooth_load_forward(Context& ctx, View load, ConstView clean, ConstView noisy, ConstView sigma, int k,
                         LoadThreshold threshold);
/// Adds to dclean, dnoisy (at the thresholds) and dsigma (may be empty: a fixed width) of dload[E].
void smooth_load_backward(Context& ctx, View dclean, View dnoisy, View dsigma, ConstView dload, ConstView clean,
                          ConstView noisy, ConstView sigma, int k, LoadThreshold threshold);

}  // namespace moe::ops
