// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/matmul.h"

#include <cstdlib>
#include <string_view>
#include <utility>

#include "engine/backend/cuda/gemm.h"
#include "engine/backend/cuda/packs.h"

namespace moe::cuda {
namespace {

std::int64_t columns_of(ConstView x) { return x.dim(x.shape.rank - 1); }

cudaDataType_t type_of(ConstView x) {
  return x.dtype == DType::f64 ? CUDA_R_64F : x.dtype == DType::bf16 ? CUDA_R_16BF : CUDA_R_32F;
}

Grouping grouping_wanted() {
  const char* const word = std::getenv("MOE_CUDA_EXPERTS");
  return word && std::string_view(word) == "one_call" ? Grouping::one_call : Grouping::lanes;
}

}  // namespace

CudaMatmul::CudaMatmul(Runtime& runtime) : runtime_(runtime), grouping_(grouping_wanted()) {}

Operand CudaMatmul::operand(int use, ConstView x, MatmulPrecision precision) {
  if (x.dtype != DType::f32 || precision == MatmulPrecision::native) return {x.data, type_of(x), columns_of(x)};
  auto* rounded = rounded_[use].get<bf16>(x.size() > 0 ? x.size() : 1);
  round_to_bf16(runtime_, rounded, x.as<float>(), x.size());
  return {rounded, CUDA_R_16BF, columns_of(x)};
}

void CudaMatmul::matmul(View c, ConstView a, bool transpose_a, ConstView b, bool transpose_b, bool accumulate,
                        MatmulPrecision precision) {
  const std::int64_t k = transpose_a ? a.dim(0) : a.dim(1);
  const Operand left = operand(0, a, precision), right = operand(1, b, precision);
  multiply(runtime_,
           {c.dim(0), c.dim(1), k, left, transpose_a, right, transpose_b, c.data, type_of(c), c.dim(1), accumulate});
}

void CudaMatmul::linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, bool accumulate_dx,
                                 MatmulPrecision precision) {
  const std::int64_t t = dy.dim(0), n = dy.dim(1);
  const Operand left = operand(0, dy, precision);
  if (dw) {
    const Operand inputs = operand(1, x, precision);
    multiply(runtime_, {n, x.dim(1), t, left, true, inputs, false, dw.data, type_of(dw), x.dim(1), true});
  }
  if (dx) {
    const Operand weights = operand(2, w, precision);
    multiply(runtime_, {t, w.dim(1), n, left, false, weights, false, dx.data, type_of(dx), w.dim(1), accumulate_dx});
  }
}

void CudaMatmul::grouped_linear_forward(View y, ConstView x, ConstView w, ConstView offsets,
                                        MatmulPrecision precision) {
  const std::int64_t experts = offsets.dim(0) - 1, n = w.dim(1), k = w.dim(2);
  const Operand left = operand(0, x, precision), weights = operand(1, w, precision);
  const std::int32_t* at = runtime_.host_offsets(offsets.as<std::int32_t>(), experts + 1);
  products_.clear();
  for (std::int64_t e = 0; e < experts; ++e)
    products_.push_back({at[e + 1] - at[e], n, k, left.rows(at[e]), false, weights.rows(e * n), true, row(y, at[e]),
                         type_of(y), n, false});
  multiply(runtime_, products_, pointers_, lanes_, grouping_);
}

void CudaMatmul::grouped_linear_backward(View dx, View dw, ConstView dy, ConstView x, ConstView w, ConstView offsets,
                                         MatmulPrecision precision) {
  const std::int64_t experts = offsets.dim(0) - 1, n = w.dim(1), k = w.dim(2);
  const Operand left = operand(0, dy, precision);
  const Operand inputs = dw ? operand(1, x, precision) : Operand{};
  const Operand weights = dx ? operand(2, w, precision) : Operand{};
  const std::int32_t* at = runtime_.host_offsets(offsets.as<std::int32_t>(), experts + 1);
  products_.clear();
  for (std::int64_t e = 0; dw && e < experts; ++e)
    if (at[e + 1] > at[e])  // an expert without rows keeps its gradient
      products_.push_back({n, k, at[e + 1] - at[e], left.rows(at[e]), true, inputs.rows(at[e]), false,
                           row(dw, e * n, k), type_of(dw), k, true});
  multiply(runtime_, products_, pointers_, lanes_, grouping_);
  products_.clear();
  for (std::int64_t e = 0; dx && e < experts; ++e)
    products_.push_back({at[e + 1] - at[e], k, n, left.rows(at[e]), false, weights.rows(e * n), false, row(dx, at[e]),
                         type_of(dx), k, false});
  multiply(runtime_, products_, pointers_, lanes_, grouping_);
}

void* CudaMatmul::row(View x, std::int64_t index) { return row(x, index, columns_of(x)); }
void* CudaMatmul::row(View x, std::int64_t index, std::int64_t columns) {
  return static_cast<char*>(x.data) + static_cast<std::size_t>(index * columns) * size_of(x.dtype);
}

}  // namespace moe::cuda
