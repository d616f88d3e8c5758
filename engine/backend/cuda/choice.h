// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/choice.h"

namespace moe::cuda {

class CudaChoice final : public ChoiceOps {
 public:
  explicit CudaChoice(Runtime& runtime) : runtime_(runtime) {}
  void mask_groups(View y, ConstView x, int groups, int keep) override;
  void sinkhorn(View plan, ConstView s, double tolerance, int most_iterations) override;
  void random_choices(View ids, const RandomStream& stream, double fraction, int experts) override;
  void table_choices(View ids, ConstView table, ConstView token_ids, int experts) override;
  void expert_choices(View ids, ConstView scores, std::int64_t capacity) override;
  void keep_second(View ids, ConstView weights, const RandomStream& stream) override;
  void guarantee_minimum(View ids, ConstView scores, std::int64_t minimum) override;
  void limit_capacity(View kept, ConstView ids, ConstView weights, int experts, std::int64_t capacity,
                      bool by_weight) override;
  void count_groups(View counts, ConstView ids) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
