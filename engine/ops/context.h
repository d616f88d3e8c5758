// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/backend.h"

namespace moe::ops {

/// What an op runs on: the backend and the precision of matrix products.
struct Context {
  Backend& backend;
  MatmulPrecision precision = MatmulPrecision::native;
};

/// The dtype that numbers stored as `stored` are computed in.
inline DType real_of(DType stored) { return stored == DType::bf16 ? DType::f32 : stored; }

/// The dtype in which an array of `real` numbers that products alone read is stored.
inline DType operand_dtype(const Context& ctx, DType real) {
  const bool rounded = real == DType::f32 && ctx.precision == MatmulPrecision::bf16 && ctx.backend.stores_bf16();
  return rounded ? DType::bf16 : real;
}

}  // namespace moe::ops
