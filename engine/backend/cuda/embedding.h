// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cuda/runtime.h"
#include "engine/backend/families/embedding.h"

namespace moe::cuda {

class CudaEmbedding final : public EmbeddingOps {
 public:
  explicit CudaEmbedding(Runtime& runtime) : runtime_(runtime) {}
  void embedding_forward(View y, ConstView table, ConstView ids) override;
  void embedding_backward(View dtable, ConstView dy, ConstView ids) override;

 private:
  Runtime& runtime_;
};

}  // namespace moe::cuda
