// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/top_tokens.h"

#include <algorithm>
#include <tuple>

namespace moe::analysis {
TopTokens::TopTokens(int experts, int vocabulary)
    : experts_(experts),
      vocabulary_(vocabulary),
      counts_(static_cast<std::size_t>(experts) * static_cast<std::size_t>(vocabulary)),
      seen_(static_cast<std::size_t>(vocabulary)) {}

void TopTokens::add(const RoutedTokens& text) {
  require_experts(text, experts_);
  for (const std::int32_t x : text.token_ids) require_below(x, vocabulary_, "token id");
  for (std::size_t t = 0; t < text.tokens(); ++t) {
    const auto token = static_cast<std::size_t>(text.token_ids[t]);
    ++seen_[token];
    for (const std::int32_t e : text.of(t))
      if (e >= 0) ++counts_[static_cast<std::size_t>(e) * static_cast<std::size_t>(vocabulary_) + token];
  }
}

template <class Order>
std::vector<TopToken> TopTokens::best(int expert, std::size_t limit, std::int64_t floor, Order order) const {
  std::vector<TopToken> all;
  const std::int64_t* row = counts_.data() + static_cast<std::size_t>(expert) * static_cast<std::size_t>(vocabulary_);
  for (std::int32_t x = 0; x < vocabulary_; ++x)
    if (row[x] > 0 && seen_[static_cast<std::size_t>(x)] >= floor)
      all.push_back({x, row[x], seen_[static_cast<std::size_t>(x)]});
  std::sort(all.begin(), all.end(), order);
  if (all.size() > limit) all.resize(limit);
  return all;
}

std::vector<TopToken> TopTokens::by_share(int expert, std::size_t limit, std::int64_t floor) const {
  return best(expert, limit, floor, [](const TopToken& a, const TopToken& b) {
    return std::tuple(-a.share(), -a.count, a.token) < std::tuple(-b.share(), -b.count, b.token);
  });
}

std::vector<TopToken> TopTokens::by_count(int expert, std::size_t limit) const {
  return best(expert, limit, 0, [](const TopToken& a, const TopToken& b) {
    return std::tuple(-a.count, a.token) < std::tuple(-b.count, b.token);
  });
}

}  // namespace moe::analysis
