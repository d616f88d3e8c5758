// SPDX-License-Identifier: Apache-2.0
// Do experts prefer domains? Counts of assignments expert × domain of one layer, and what follows from them.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/analysis/routed_tokens.h"

namespace moe::analysis {

/// How much knowing the expert tells about the domain.
struct SpecializationScore {
  double bits = 0;           // I(expert; domain) over assignments, bits
  double shuffled_bits = 0;  // the same with tokens' domain labels shuffled, mean of the permutations
};

/// Counts of one layer, filled text by text.
class Specialization {
 public:
  Specialization(int experts, int domains);

  /// Tokens of one text, all of one domain. Throws Error(failure) on an expert or domain out of range.
  void add(int domain, const RoutedTokens& text);

  int experts() const { return experts_; }
  int domains() const { return domains_; }
  std::int64_t assignments(int expert, int domain) const { return counts_[at(expert, domain)]; }
  std::int64_t tokens(int domain) const { return tokens_[static_cast<std::size_t>(domain)]; }

  /// Of the domain's assignments the share that this expert takes (Mixtral, 2401.04088, section 5; fair share 1/E).
  /// NaN when the domain has none.
  double share(int expert, int domain) const;
  /// That share relative to the expert's share of all assignments: 1 = no preference. NaN when undefined.
  double ratio(int expert, int domain) const;
  /// Mutual information and its baseline. Labels are shuffled over tokens (a token's K assignments stay together), from
  /// `seed`, so the baseline carries the same bias of finite samples as the score.
  SpecializationScore score(int permutations, std::uint64_t seed) const;

 private:
  std::size_t at(int expert, int domain) const {
    return static_cast<std::size_t>(expert) * static_cast<std::size_t>(domains_) + static_cast<std::size_t>(domain);
  }
  int experts_, domains_;
  std::vector<std::int64_t> counts_;        // [E, domains]
  std::vector<std::int64_t> tokens_;        // [domains]
  std::vector<std::int32_t> choices_;       // experts of every token, one after another
  std::vector<std::size_t> token_begin_;    // [all tokens + 1] into choices_
  std::vector<std::int32_t> token_domain_;  // [all tokens]
};

/// I(row; column) in bits of a table of counts[rows, columns].
double mutual_information(const std::vector<std::int64_t>& counts, int rows, int columns);

}  // namespace moe::analysis
