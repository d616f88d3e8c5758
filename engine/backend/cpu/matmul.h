// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/cpu/gemm.h"
#include "engine/backend/cpu/product_batch.h"
#include "engine/backend/cpu/rounding.h"
#include "engine/backend/families/matmul.h"

namespace moe::cpu {

class CpuMatmul final : public MatmulOps {
 public:
  explicit CpuMatmul(Runtime& runtime) : runtime_(runtime), bf16_gemm_(runtime) {}

  void matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
              MatmulPrecision precision) override;
  void linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                       MatmulPrecision precision) override;
  void grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets, MatmulPrecision precision) override;
  void grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                               MatmulPrecision precision) override;

 private:
  /// Where the right operands of a call lie in the dtype they are multiplied in. Left operands are always read where
  /// they are: each of their elements belongs to one task, which rounds it while it is in cache.
  template <class In>
  class RightOperands;
  template <class In, class Out>
  ProductBatch<In, Out, Out>& batch();
  template <class In, class Out>
  void run(ProductBatch<In, Out, Out>& products);
  void prepare(const Gemm<bf16, float, float>& g);
  void run_block(const Gemm<bf16, float, float>& g);
  void run_long_sum(const Gemm<bf16, float, float>& g);
  /// f.operator()<In, Out>(): the type of the right operand as multiplied, and of everything else.
  template <class F>
  void with_types(DType dtype, MatmulPrecision precision, F&& f);

  Runtime& runtime_;
  Bf16Gemm bf16_gemm_;
  Rounding rounding_;
  Scratch rounded_[2];  // of the two products of a backward
  ProductBatch<float> float_products_;
  ProductBatch<double> double_products_;
  ProductBatch<bf16, float, float> bf16_products_;
};

}  // namespace moe::cpu
