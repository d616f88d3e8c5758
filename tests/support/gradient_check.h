// SPDX-License-Identifier: Apache-2.0
// A backward proved against central differences in float64: for a random cotangent c, the gradient of L = Σ c·y with
// respect to every element of every input.
#pragma once
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/test_arrays.h"

namespace moe::test {

struct GradientInput {
  View value;                // float64
  View gradient;             // same shape
  bool accumulates = false;  // whether backward adds to what is there instead of writing
};

struct GradientCase {
  std::vector<GradientInput> inputs;
  std::vector<View> outputs;     // written by forward
  std::vector<View> cotangents;  // filled by the check, one per output
  std::function<void()> forward, backward;
};

/// Empty when every derivative agrees: |analytic − numeric| <= tolerance·(1 + |numeric|). With step 1e-5 the truncation
/// of central differences is near 1e-10 and rounding near 1e-11 of L, so 1e-6 is loose for a right formula and far too
/// tight for a wrong one.
inline std::string check_gradient(TestArrays& arrays, const GradientCase& c, double tolerance = 1e-6) {
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> cotangents;
  for (std::size_t o = 0; o < c.outputs.size(); ++o) {
    const RandomStream stream(11, Purpose::sample, o);
    std::vector<double> values(static_cast<std::size_t>(c.outputs[o].size()));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = stream.normal(i);
    arrays.set(c.cotangents[o], values);
    cotangents.push_back(values);
  }
  const auto objective = [&] {
    c.forward();
    double total = 0;
    for (std::size_t o = 0; o < c.outputs.size(); ++o) {
      const auto y = arrays.get(c.outputs[o]);
      for (std::size_t i = 0; i < y.size(); ++i) total += cotangents[o][i] * y[i];
    }
    return total;
  };
  objective();
  constexpr double kBefore = 0.75;  // what an accumulating gradient starts from; written ones start as NaN
  for (const auto& input : c.inputs)
    arrays.set(input.gradient, std::vector<double>(static_cast<std::size_t>(input.gradient.size()),
                                                   input.accumulates ? kBefore : std::nan("")));
  c.backward();
  for (std::size_t n = 0; n < c.inputs.size(); ++n) {
    const auto& input = c.inputs[n];
    auto values = arrays.get(input.value);
    const auto analytic = arrays.get(input.gradient);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double x = values[i];
      const auto at = [&](double value) {
        values[i] = value;
        arrays.set(input.value, values);
        return objective();
      };
      const double numeric = (at(x + kStep) - at(x - kStep)) / (2 * kStep);
      at(x);
      const double given = analytic[i] - (input.accumulates ? kBefore : 0.0);
      if (!(std::fabs(given - numeric) <= tolerance * (1 + std::fabs(numeric))))
        return "input " + std::to_string(n) + ", element " + std::to_string(i) + ": backward says " +
               std::to_string(given) + ", differences say " + std::to_string(numeric);
    }
  }
  return arrays.sentinels_intact() ? std::string() : "something was written outside the arrays";
}

}  // namespace moe::test
