// SPDX-License-Identifier: Apache-2.0
// The frequency baseline: what a model that ignores its context can reach.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace moe::data {

class Unigram {
 public:
  explicit Unigram(int vocabulary) : counts_(static_cast<std::size_t>(vocabulary), 0) {}
  void add(std::span<const std::int32_t> tokens);
  /// Mean of -ln p(token) in nats, p with half a count added to each entry (Krichevsky-Trofimov); NaN without tokens.
  double cross_entropy(std::span<const std::int32_t> tokens) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0;
};

}  // namespace moe::data
