// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/runtime.h"
#include "engine/backend/families/embedding.h"

namespace moe::cpu {

class CpuEmbedding final : public EmbeddingOps {
 public:
  explicit CpuEmbedding(Runtime& runtime) : runtime_(runtime) {}
  void embedding_forward(View y, ConstView table, ConstView ids) override;
  void embedding_backward(View dtable, ConstView dy, ConstView ids) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cpu
