// SPDX-License-Identifier: Apache-2.0
// What every module sees of one forward and backward pass.
#pragma once
#include <cstdint>

#include "engine/core/arena.h"
#include "engine/ops/ops.h"

namespace moe::nn {

/// Views that a module keeps between forward and backward live in `arena` until its reset. What it needs no longer than
/// its own call, most of it backward, lies in `scratch`, which is reset after each half of a block and so stays in the
/// cache.
struct Pass {
  ops::Context& ctx;  // precision of the activations' matrix products
  Arena& arena;
  Arena& scratch;
  DType dtype;            // of activations: float32, or float64 in tests
  int batch = 1;          // B rows
  int context = 1;        // S positions of each
  ConstView token_ids;    // [T] int32, T = B·S; of text
  bool training = false;  // noise on, gradients wanted
  std::uint64_t seed = 0, step = 0;
  int micro = 0;          // index of the micro-batch inside the step
  double loss_scale = 1;  // 1 / micro-batches: losses are averaged over them
  ConstView points{};     // [T,3] x, y, 1; of the plane
  /// One expert that the gate of one layer does as if it were not there; for measurements without gradients.
  struct LeftOut {
    int layer = -1, expert = -1;  // −1: none
  } left_out{};

  std::int64_t tokens() const { return static_cast<std::int64_t>(batch) * context; }
  View take(const Shape& shape) const { return arena.take(dtype, shape); }
  View take_scratch(const Shape& shape) const { return scratch.take(dtype, shape); }

  /// Of what products alone read, and of their results that only elementwise functions read.
  DType operand_dtype() const { return ops::operand_dtype(ctx, dtype); }
  View take_operand(const Shape& shape) const { return arena.take(operand_dtype(), shape); }
  View take_scratch_operand(const Shape& shape) const { return scratch.take(operand_dtype(), shape); }
};

}  // namespace moe::nn
