// SPDX-License-Identifier: Apache-2.0
// Which experts of a layer work on the same tokens, and how often a token keeps its predecessor's expert.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/analysis/routed_tokens.h"

namespace moe::analysis {

class CoActivation {
 public:
  explicit CoActivation(int experts);
  /// Throws Error(failure) on an expert out of range.
  void add(const RoutedTokens& text);

  /// N_ij / N_i: of the tokens that use i the share that also uses j (OLMoE, 2409.02060, section 5.2), over all pairs
  /// of choices. Not symmetric; NaN when i was never used.
  double share(int i, int j) const;
  std::int64_t tokens(int expert) const;  // N_i

 private:
  int experts_;
  std::vector<std::int64_t> together_;  // [E, E], the diagonal is N_i
};

/// Consecutive repetition (Mixtral, table 5): share of tokens, from the second of each text on, whose first choice is
/// the predecessor's first choice, and which share any choice with it.
class Repetition {
 public:
  void add(const RoutedTokens& text);
  double first_choice() const;  // NaN without a pair of tokens
  double any_choice() const;
  /// What independent uniform routing gives: 1/E, and 1 − C(E−k,k)/C(E,k).
  static double first_choice_baseline(int experts);
  static double any_choice_baseline(int experts, int top_k);

 private:
  std::int64_t pairs_ = 0, first_ = 0, any_ = 0;
};

}  // namespace moe::analysis
