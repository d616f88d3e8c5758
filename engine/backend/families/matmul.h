// SPDX-License-Identifier: Apache-2.0
// Matrix products; the meaning of every function is in engine/ops/matmul.h under the same name.
#pragma once
#include "engine/core/tensor.h"

namespace moe {

/// native: the dtype of the operands. bf16: operands rounded to bfloat16, products accumulated in float32.
enum class MatmulPrecision { native, bf16 };

/// Under bf16, a backend that stores_bf16() also takes operands that are bfloat16 already, and gives results as such.
struct MatmulOps {
  virtual ~MatmulOps() = default;
  virtual void matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
                      MatmulPrecision precision) = 0;
  virtual void linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                               MatmulPrecision precision) = 0;
  virtual void grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets,
                                      MatmulPrecision precision) = 0;
  virtual void grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                                       MatmulPrecision precision) = 0;
};

}  // namespace moe
