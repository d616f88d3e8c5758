// SPDX-License-Identifier: Apache-2.0
// Routed texts drawn at random, for comparison with brute force.
#pragma once
#include <algorithm>
#include <vector>

#include "engine/analysis/routed_tokens.h"
#include "engine/core/random.h"

namespace moe::test {

struct Text {
  int domain = 0, top_k = 2;
  std::vector<std::int32_t> experts, ids;
  operator analysis::RoutedTokens() const { return {top_k, experts, ids}; }
};

/// `preference` in [0,1]: share of tokens whose first choice is domain mod experts; the rest choose at random. Some
/// second choices are −1 (dropped).
inline std::vector<Text> random_texts(std::uint64_t seed, int texts, int tokens, int experts, int domains,
                                      int vocabulary, double preference) {
  std::vector<Text> out;
  for (int i = 0; i < texts; ++i) {
    Text text;
    text.domain = i % domains;
    const RandomStream random(seed, Purpose::sample, static_cast<std::uint64_t>(i));
    for (int t = 0; t < tokens; ++t) {
      const auto at = static_cast<std::uint64_t>(t) * 8;
      const auto any = static_cast<std::int32_t>(random.below(at, static_cast<std::uint64_t>(experts)));
      const std::int32_t first = random.uniform(at + 1) < preference ? text.domain % experts : any;
      const auto step = 1 + static_cast<std::int32_t>(random.below(at + 2, static_cast<std::uint64_t>(experts - 1)));
      text.experts.push_back(first);
      text.experts.push_back(random.uniform(at + 3) < 0.1 ? -1 : (first + step) % experts);
      text.ids.push_back(static_cast<std::int32_t>(random.below(at + 4, static_cast<std::uint64_t>(vocabulary))));
    }
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace moe::test
