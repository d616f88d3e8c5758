// SPDX-License-Identifier: Apache-2.0
// What routing costs: the expert layers of a model against dense layers that do the same arithmetic for a token.
#pragma once
#include <string>

#include "app/cli/cli.h"
#include "engine/core/config.h"

namespace moe::cli {

/// Forward and backward of one micro-batch through all expert layers of the model (router, dispatch, experts, combine;
/// without the statistics of a step) and through as many dense layers of the same width and activation, whose hidden
/// units are as many as one token meets in its experts, shared ones included. In turns on one backend for about
/// `seconds`, at least five of them; rows of N(0,1), the variance that the norm before a layer leaves, and routers as
/// a new run draws them. `precision`: "f32", "bf16" or "f64", the one in force.
///
/// {"ratio", "experts_ratio"} of the dense layers' median, the second for the experts alone on rows that are sorted
/// already; {"moe_milliseconds", "experts_milliseconds", "dense_milliseconds"} medians; {"repetitions", "layers",
/// "tokens", "dense_hidden"}; "busiest_expert": its assignments over the mean, the largest of all layers. A model
/// without expert layers has "ratio" null and the "reason". Throws Error(usage | device | resource).
OrderedJson compare_with_dense(const Config& config, const std::string& precision, double seconds);
/// Two lines, or the reason.
std::string dense_ratio_text(const OrderedJson& comparison);

}  // namespace moe::cli
