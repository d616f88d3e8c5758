// SPDX-License-Identifier: Apache-2.0
// Embedding table; the meaning of every function is in engine/ops/embedding.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

struct EmbeddingOps {
  virtual ~EmbeddingOps() = default;
  virtual void embedding_forward(View y, ConstView table, ConstView ids) = 0;
  virtual void embedding_backward(View dtable, ConstView dy, ConstView ids) = 0;
};

}  // namespace moe
