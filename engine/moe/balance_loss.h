// SPDX-License-Identifier: Apache-2.0
// The two auxiliary losses of a router, in the units that this project shows everywhere: per layer, without
// coefficient. Their gradients are ops::balance_loss_backward and ops::z_loss_backward.
#pragma once
#include <cstdint>
#include <span>

#include "engine/nn/pass.h"

namespace moe::routing {

/// E·Σ_i f_i·P_i with f_i = counts_i/assignments, assignments = T·k, and P the mean probability of each expert: 1.0 at
/// perfect balance. Switch (2101.03961) with f divided by k as in Megatron-LM. Counts are taken before drops and carry
/// no gradient.
double balance_loss(std::span<const double> mean_probability, std::span<const std::int32_t> counts,
                    std::int64_t assignments);

/// mean_t lse_t², lse[T] = log-sum-exp of the logits without noise. ST-MoE (2202.08906), eq. 5.
double z_loss(nn::Pass& pass, ConstView lse);

}  // namespace moe::routing
