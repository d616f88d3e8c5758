// SPDX-License-Identifier: Apache-2.0
// Row-major matrix products through cuBLAS.
#pragma once
#include <vector>

#include "engine/backend/cuda/lanes.h"

namespace moe::cuda {

/// A matrix as stored: rows of `columns` numbers.
struct Operand {
  const void* data = nullptr;
  cudaDataType_t type = CUDA_R_32F;
  std::int64_t columns = 0;
  /// The same from row `first` on.
  Operand rows(std::int64_t first) const;
};

/// c[m,n] (+)= op(a)[m,k]·op(b)[k,n]. float64 and float32 products have results of their own type, bfloat16 ones
/// float32 or bfloat16.
struct Product {
  std::int64_t m, n, k;
  Operand a;
  bool transpose_a;
  Operand b;
  bool transpose_b;
  void* c;
  cudaDataType_t result;
  std::int64_t ldc;
  bool accumulate;
};

void multiply(Runtime& runtime, const Product& p);
/// How bfloat16 products of an expert each are given to the device.
enum class Grouping { lanes, one_call };

/// Several products of operands of one type with results apart. `pointers` holds what a grouped call reads on the
/// device; `lanes` is where bfloat16 products run side by side. one_call: those with bfloat16 results go as one grouped
/// call, too; cuBLAS has none with float32 results.
void multiply(Runtime& runtime, const std::vector<Product>& products, DeviceScratch& pointers, Lanes& lanes,
              Grouping grouping);

}  // namespace moe::cuda
