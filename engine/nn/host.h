// SPDX-License-Identifier: Apache-2.0
// Small results (loads, losses) brought to the host as plain numbers.
#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "engine/ops/ops.h"

namespace moe::nn {

/// All of an int32 view; out.size() = v.size().
inline void read(ops::Context& ctx, std::span<std::int32_t> out, ConstView v) {
  ctx.backend.copy_to_host(out.data(), v);
}

/// All of a float32 or float64 view as doubles; out.size() = v.size().
inline void read(ops::Context& ctx, std::span<double> out, ConstView v) {
  if (v.dtype == DType::f64) return ctx.backend.copy_to_host(out.data(), v);
  // Floats land in the upper half and are widened from the front: no buffer, and none is overwritten before it is read.
  char* const floats = reinterpret_cast<char*>(out.data()) + out.size() * sizeof(float);
  ctx.backend.copy_to_host(floats, v);
  for (std::size_t i = 0; i < out.size(); ++i) {
    float x;
    std::memcpy(&x, floats + i * sizeof(float), sizeof x);
    out[i] = static_cast<double>(x);
  }
}

/// The reverse: numbers into a float32 or float64 view.
inline void write(ops::Context& ctx, View v, std::span<const double> in) {
  if (v.dtype == DType::f64) return ctx.backend.copy_from_host(v, in.data());
  std::vector<float> narrow(in.begin(), in.end());
  ctx.backend.copy_from_host(v, narrow.data());
}

}  // namespace moe::nn
