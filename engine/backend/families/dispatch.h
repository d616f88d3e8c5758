// SPDX-License-Identifier: Apache-2.0
// Tokens to experts and back; the meaning of every function is in engine/ops/dispatch.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

/// A flat routing plan: R assignments grouped by expert, stable in token order within an expert (and in choice order
/// within a token). All arrays int32 but the weights. Fits top-k, hash, Switch with capacity and expert choice alike.
struct Plan {
  View token_ids;      // [Rmax] token of each assignment
  View choices;        // [Rmax] t*K + j of the choice it came from
  View weights;        // [Rmax] combine weight, routing dtype
  View offsets;        // [E+1] first assignment of each expert; offsets[E] = R
  View token_offsets;  // [T+1] CSR by token
  View token_rows;     // [Rmax] the token's assignments, in choice order
};

struct DispatchOps {
  virtual ~DispatchOps() = default;
  virtual void plan_from_choices(Plan& plan, ConstView ids, ConstView weights, int experts) = 0;
  virtual void permute(View x_sorted, ConstView x, const Plan& plan) = 0;
  virtual void unpermute(View x, ConstView x_sorted, const Plan& plan, bool accumulate) = 0;
  virtual void choices_from_plan(View out, ConstView dweights, const Plan& plan) = 0;
};

}  // namespace moe
