// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <vector>

#include "engine/backend/cuda/gemm.h"
#include "engine/backend/families/matmul.h"

namespace moe::cuda {

class CudaMatmul final : public MatmulOps {
 public:
  explicit CudaMatmul(Runtime& runtime);

  void matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
              MatmulPrecision precision) override;
  void linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                       MatmulPrecision precision) override;
  void grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets, MatmulPrecision precision) override;
  void grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                               MatmulPrecision precision) override;

 private:
  /// x as it is multiplied: itself, or a rounded copy in the scratch of that use.
  Operand operand(int use, ConstView x, MatmulPrecision precision);
  static void* row(View x, std::int64_t index);
  static void* row(View x, std::int64_t index, std::int64_t columns);

  Runtime& runtime_;
  DeviceScratch rounded_[3];
  DeviceScratch pointers_;  // of a grouped call
  std::vector<Product> products_;
  Lanes lanes_;
  Grouping grouping_;
};

}  // namespace moe::cuda
