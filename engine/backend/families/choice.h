// SPDX-License-Identifier: Apache-2.0
// Who goes where once scores are known; the meaning of every function is in engine/ops/choice.h under the same name.
#pragma once
#include "engine/core/random.h"
#include "engine/core/tensor.h"

namespace moe {

struct ChoiceOps {
  virtual ~ChoiceOps() = default;
  virtual void mask_groups(View y, ConstView x, int groups, int keep) = 0;
  virtual void sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) = 0;
  virtual void random_choices(View ids, const RandomStream& stream, double fraction, int experts) = 0;
  virtual void table_choices(View ids, ConstView table, ConstView token_ids, int experts) = 0;
  virtual void expert_choices(View ids, ConstView scores, std::int64_t capacity) = 0;
  virtual void keep_second(View ids, ConstView weights, const RandomStream& stream) = 0;
  virtual void guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) = 0;
  virtual void limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                              bool by_weight) = 0;
  virtual void count_groups(View counts, ConstView ids) = 0;
};

}  // namespace moe
