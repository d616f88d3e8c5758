// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/co_activation.h"

#include <algorithm>
#include <limits>

namespace moe::analysis {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

CoActivation::CoActivation(int experts)
    : experts_(experts), together_(static_cast<std::size_t>(experts) * static_cast<std::size_t>(experts)) {}

void CoActivation::add(const RoutedTokens& text) {
  require_experts(text, experts_);
  for (std::size_t t = 0; t < text.tokens(); ++t)
    for (const std::int32_t i : text.of(t))
      for (const std::int32_t j : text.of(t))
        if (i >= 0 && j >= 0)
          ++together_[static_cast<std::size_t>(i) * static_cast<std::size_t>(experts_) + static_cast<std::size_t>(j)];
}

std::int64_t CoActivation::tokens(int expert) const {
  return together_[static_cast<std::size_t>(expert) * static_cast<std::size_t>(experts_ + 1)];
}

double CoActivation::share(int i, int j) const {
  return ratio(
      together_[static_cast<std::size_t>(i) * static_cast<std::size_t>(experts_) + static_cast<std::size_t>(j)],
      tokens(i));
}

void Repetition::add(const RoutedTokens& text) {
  for (std::size_t t = 1; t < text.tokens(); ++t) {
    const auto now = text.of(t), before = text.of(t - 1);
    ++pairs_;
    first_ += now[0] >= 0 && now[0] == before[0];
    any_ += std::any_of(now.begin(), now.end(), [&](std::int32_t e) {
      return e >= 0 && std::find(before.begin(), before.end(), e) != before.end();
    });
  }
}

double Repetition::first_choice() const { return ratio(first_, pairs_); }
double Repetition::any_choice() const { return ratio(any_, pairs_); }

double Repetition::first_choice_baseline(int experts) { return 1.0 / experts; }

double Repetition::any_choice_baseline(int experts, int top_k) {
  double disjoint = 1;  // C(E−k,k)/C(E,k), one factor per choice
  for (int i = 0; i < top_k; ++i) disjoint *= static_cast<double>(std::max(0, experts - top_k - i)) / (experts - i);
  return 1 - disjoint;
}

}  // namespace moe::analysis
