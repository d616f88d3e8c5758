// SPDX-License-Identifier: Apache-2.0
// Brings tokens to their experts and back: a flat plan of assignments grouped by expert, so that experts run as grouped
// matrix products over sorted rows.
#pragma once
#include "engine/moe/router.h"

namespace moe::routing {

class TokenDispatcher {
 public:
  /// Builds the plan from the kept choices of the decision and returns the sorted rows x_sorted[Rmax,D], Rmax = T·K, or
  /// the decision's own bound.
  View dispatch(nn::Pass& pass, ConstView x, const Decision& decision, int experts);
  /// y[T,D] (+)= Σ over a token's assignments of y_sorted, which the experts have weighted.
  void combine(nn::Pass& pass, View y, ConstView y_sorted, bool accumulate);
  /// dy_sorted[Rmax,D] of dy[T,D].
  View combine_backward(nn::Pass& pass, ConstView dy);
  /// dx[T,D] (+)= the sum of each token's rows of dx_sorted.
  void dispatch_backward(nn::Pass& pass, View dx, ConstView dx_sorted, bool accumulate);
  /// What an assignment has, by_row[Rmax], as the router's choices have it: [T,K], 0 where dropped.
  View by_choice(nn::Pass& pass, ConstView by_row);

  const ops::Plan& plan() const { return plan_; }

 private:
  ops::Plan plan_;
  std::int64_t tokens_ = 0;
  int choices_ = 0;
};

}  // namespace moe::routing
