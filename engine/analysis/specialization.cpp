// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/specialization.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/random.h"

namespace moe::analysis {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

/// Fisher-Yates, a function of (seed, round).
void shuffle(std::vector<std::int32_t>& labels, std::uint64_t seed, std::uint64_t round) {
  const RandomStream stream(seed, Purpose::shuffle, round);
  for (std::size_t i = labels.size(); i > 1; --i) std::swap(labels[i - 1], labels[stream.below(i, i)]);
}

}  // namespace

double mutual_information(const std::vector<std::int64_t>& counts, int rows, int columns) {
  const auto r_count = static_cast<std::size_t>(rows), c_count = static_cast<std::size_t>(columns);
  std::vector<double> row(r_count), column(c_count);
  double total = 0;
  for (std::size_t r = 0; r < r_count; ++r)
    for (std::size_t c = 0; c < c_count; ++c) {
      const auto n = static_cast<double>(counts[r * c_count + c]);
      row[r] += n;
      column[c] += n;
      total += n;
    }
  double bits = 0;
  for (std::size_t r = 0; r < r_count; ++r)
    for (std::size_t c = 0; c < c_count; ++c)
      if (const auto n = static_cast<double>(counts[r * c_count + c]); n > 0)
        bits += n / total * std::log2(n * total / (row[r] * column[c]));
  return std::max(0.0, bits);  // rounding may leave −1e−17
}

Specialization::Specialization(int experts, int domains)
    : experts_(experts),
      domains_(domains),
      counts_(static_cast<std::size_t>(experts) * static_cast<std::size_t>(domains)),
      tokens_(static_cast<std::size_t>(domains)),
      token_begin_{0} {}

void Specialization::add(int domain, const RoutedTokens& text) {
  require_below(domain, domains_, "domain");
  require_experts(text, experts_);
  for (std::size_t t = 0; t < text.tokens(); ++t) {
    for (const std::int32_t e : text.of(t)) {
      if (e < 0) continue;
      ++counts_[at(e, domain)];
      choices_.push_back(e);
    }
    token_begin_.push_back(choices_.size());
    token_domain_.push_back(domain);
    ++tokens_[static_cast<std::size_t>(domain)];
  }
}

double Specialization::share(int expert, int domain) const {
  std::int64_t total = 0;
  for (int e = 0; e < experts_; ++e) total += counts_[at(e, domain)];
  return total > 0 ? static_cast<double>(counts_[at(expert, domain)]) / static_cast<double>(total) : kUndefined;
}

double Specialization::ratio(int expert, int domain) const {
  std::int64_t mine = 0;
  for (int d = 0; d < domains_; ++d) mine += counts_[at(expert, d)];
  if (mine == 0 || choices_.empty()) return kUndefined;
  return share(expert, domain) * static_cast<double>(choices_.size()) / static_cast<double>(mine);
}

SpecializationScore Specialization::score(int permutations, std::uint64_t seed) const {
  SpecializationScore out;
  out.bits = mutual_information(counts_, experts_, domains_);
  std::vector<std::int32_t> labels = token_domain_;
  std::vector<std::int64_t> counts(counts_.size());
  for (int round = 0; round < permutations; ++round) {
    shuffle(labels, seed, static_cast<std::uint64_t>(round));
    std::fill(counts.begin(), counts.end(), 0);
    for (std::size_t t = 0; t < labels.size(); ++t)
      for (std::size_t i = token_begin_[t]; i < token_begin_[t + 1]; ++i) ++counts[at(choices_[i], labels[t])];
    out.shuffled_bits += mutual_information(counts, experts_, domains_) / permutations;
  }
  return out;
}

}  // namespace moe::analysis
