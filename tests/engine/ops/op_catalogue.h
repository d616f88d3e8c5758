// SPDX-License-Identifier: Apache-2.0
// Every op with arguments of a given size, for the tests that treat all ops alike: float32 against float64, any number
// of threads, no allocations. A new op is one entry.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/ops/ops.h"
#include "tests/support/test_arrays.h"

namespace moe::test {

struct Sizes {
  const char* name;
  int batch, context, width, heads, kv_heads, experts, hidden, choices, vocabulary;
  int tokens() const { return batch * context; }
  int rows() const { return tokens() * choices; }
};

/// How far float32 may be from float64: |a − b| <= absolute + relative·|b|.
struct Tolerance {
  double absolute, relative;
};

struct OpCase {
  const char* name;
  /// Makes the arrays and returns the call; outputs are the arrays' out and inout ones.
  std::function<std::function<void(ops::Context&)>(TestArrays&, const Sizes&)> make;
  Tolerance f32;
  bool is_product = false;     // computes differently under MatmulPrecision::bf16
  bool has_operands = false;   // reads or writes arrays that may be stored as bfloat16
  bool rounds_within = false;  // of stored operands it may round what it makes of them, too
};

/// The sizes that break tiles: one token, primes, and more than one block of everything.
const std::vector<Sizes>& odd_sizes();
const std::vector<OpCase>& op_catalogue();

// The parts of the catalogue; routing_ops includes choosing_ops.
std::vector<OpCase> dense_ops();
std::vector<OpCase> routing_ops();
std::vector<OpCase> choosing_ops();

}  // namespace moe::test
