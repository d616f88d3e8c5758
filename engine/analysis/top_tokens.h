// SPDX-License-Identifier: Apache-2.0
// The words of an expert: which token ids it sees most, in one layer.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/analysis/routed_tokens.h"

namespace moe::analysis {

struct TopToken {
  std::int32_t token = 0;
  std::int64_t count = 0;  // occurrences that this expert took
  std::int64_t seen = 0;   // occurrences in all
  double share() const { return static_cast<double>(count) / static_cast<double>(seen); }
};

class TopTokens {
 public:
  TopTokens(int experts, int vocabulary);
  /// Throws Error(failure) on an expert or token id out of range.
  void add(const RoutedTokens& text);

  /// The ids that this expert takes the largest share of (vocabulary specialization N_{x,E}/N_x, OLMoE section 5.4),
  /// most first; ties by count, then by id. Ids seen fewer than `floor` times are left out: their shares are chance.
  std::vector<TopToken> by_share(int expert, std::size_t limit, std::int64_t floor) const;
  /// The ids that it sees most often.
  std::vector<TopToken> by_count(int expert, std::size_t limit) const;

 private:
  template <class Order>
  std::vector<TopToken> best(int expert, std::size_t limit, std::int64_t floor, Order order) const;
  int experts_, vocabulary_;
  std::vector<std::int64_t> counts_;  // [E, V]
  std::vector<std::int64_t> seen_;    // [V]
};

}  // namespace moe::analysis
