// SPDX-License-Identifier: Apache-2.0
// The routing of a stretch of text in one layer, as every analysis takes it.
#pragma once
#include <cstdint>
#include <span>

namespace moe::analysis {

/// Consecutive tokens of one text.
struct RoutedTokens {
  int top_k = 1;                            // K
  std::span<const std::int32_t> experts;    // [tokens, K] in order of choice, −1 = none
  std::span<const std::int32_t> token_ids;  // [tokens]

  std::size_t tokens() const { return experts.size() / static_cast<std::size_t>(top_k); }
  std::span<const std::int32_t> of(std::size_t token) const {
    return experts.subspan(token * static_cast<std::size_t>(top_k), static_cast<std::size_t>(top_k));
  }
};

/// Throws Error(failure), naming `what`, unless 0 <= value < limit. `limit` is a number of experts, domains or ids.
void require_below(std::int64_t value, int limit, const char* what);
/// Every expert is −1 or below `experts`.
void require_experts(const RoutedTokens& text, int experts);

}  // namespace moe::analysis
