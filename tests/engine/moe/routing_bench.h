// SPDX-License-Identifier: Apache-2.0
// A pass in float64 outside of any model, for routers and MoE layers.
#pragma once
#include <memory>
#include <vector>

#include "engine/moe/moe_layer.h"
#include "tests/support/test_backend.h"

namespace moe::test {

struct RoutingBench {
  std::unique_ptr<Backend> backend = make_test_backend(1);
  ops::Context ctx{*backend};
  Arena arena{*backend}, scratch{*backend};
  nn::ParameterSet set;

  nn::Pass pass(std::int64_t tokens, bool training = true) {
    return {ctx, arena, scratch, DType::f64, 1, static_cast<int>(tokens), {}, training, 1};
  }
  View device(const std::vector<double>& values, const Shape& shape) {
    View v = arena.take(DType::f64, shape);
    std::copy(values.begin(), values.end(), v.as<double>());
    return v;
  }
  /// Sets the parameter of that exposed name.
  void assign(const std::string& name, const double* values) {
    for (const auto& e : set.exposed())
      if (e.part->name == name) std::copy(values, values + e.value.size(), e.value.as<double>());
  }
  const double* gradient(const std::string& name) {
    for (const auto& e : set.exposed())
      if (e.part->name == name) return e.gradient.as<double>();
    return nullptr;
  }
};

inline std::vector<double> host(const View& v) {
  if (v.dtype == DType::i32) return {v.as<std::int32_t>(), v.as<std::int32_t>() + v.size()};
  return {v.as<double>(), v.as<double>() + v.size()};
}

}  // namespace moe::test
