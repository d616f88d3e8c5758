// SPDX-License-Identifier: Apache-2.0
// The checks every op begins with: kernels trust their arguments.
#pragma once
#include <initializer_list>

#include "engine/core/tensor.h"
#include "engine/ops/context.h"

namespace moe::ops {

/// Throws Error(failure) naming the op and the rule that was broken.
[[noreturn]] void fail(const char* op, const char* rule);

inline void require(bool ok, const char* op, const char* rule) {
  if (!ok) fail(op, rule);
}

inline bool is_real(ConstView x) { return x.dtype == DType::f32 || x.dtype == DType::f64; }
inline bool is_i32(ConstView x, const Shape& shape) { return x.dtype == DType::i32 && x.shape == shape; }

/// All of one floating-point dtype. Empty views (absent optional outputs) are skipped.
inline bool same_real(std::initializer_list<ConstView> views) {
  const ConstView* first = nullptr;
  for (const auto& view : views) {
    if (!view) continue;
    if (!first) first = &view;
    if (!is_real(view) || view.dtype != first->dtype) return false;
  }
  return true;
}

/// x of a floating-point dtype, or stored rounded where the context allows.
inline bool is_stored_real(const Context& ctx, ConstView x) {
  return is_real(x) || x.dtype == operand_dtype(ctx, DType::f32);
}

/// x as it stands for products beside arrays of dtype `real`: of that dtype, or stored rounded where the context
/// allows.
inline bool is_operand(const Context& ctx, ConstView x, DType real) {
  return !x || x.dtype == real || x.dtype == operand_dtype(ctx, real);
}

}  // namespace moe::ops
