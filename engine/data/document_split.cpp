// SPDX-License-Identifier: Apache-2.0
#include "engine/data/document_split.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

namespace moe::data {
namespace {

using Documents = std::vector<SplitDocument>;

// Cuts the only document of a domain in two; the second part is held out.
void hold_out_tail(Documents& documents, std::size_t at, const SplitRules& rules) {
  SplitDocument& whole = documents[at];
  const double share = rules.fraction * whole.length;
  // At least one window, as long as that is not more than a fifth.
  const double wanted = std::max(share, std::min(static_cast<double>(rules.window), whole.length / 5.0));
  const auto tail =
      static_cast<std::uint32_t>(std::min(std::llround(wanted), static_cast<long long>(whole.length / 2)));
  if (tail < 2) return;
  SplitDocument rest = whole;
  whole.length -= tail;
  rest.offset += whole.length;
  rest.length = tail;
  rest.held_out = true;
  documents.push_back(rest);  // `whole` is void from here on
}

// Marks the documents [first, last) of one domain.
void mark_domain(Documents& documents, std::size_t first, std::size_t last, const SplitRules& rules) {
  const auto limit = std::ldexp(rules.fraction, 64);
  std::size_t held = 0, lowest = first, highest = first;
  for (std::size_t i = first; i < last; ++i) {
    documents[i].held_out = static_cast<double>(documents[i].hash) < limit;
    held += documents[i].held_out ? 1 : 0;
    if (documents[i].hash < documents[lowest].hash) lowest = i;
    if (documents[i].hash >= documents[highest].hash) highest = i;
  }
  if (held == 0) documents[lowest].held_out = true;
  if (held == last - first) documents[highest].held_out = false;
}

std::uint64_t training_tokens(const Documents& documents) {
  return std::accumulate(documents.begin(), documents.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const auto& d) { return sum + (d.held_out ? 0 : d.length); });
}

// Gives held-out documents back, the ones with the highest hash first, until one window can be filled.
void keep_a_window(Documents& documents, std::uint64_t window) {
  while (training_tokens(documents) < window) {
    SplitDocument* back = nullptr;
    for (SplitDocument& d : documents) {
      if (d.held_out && (!back || d.hash > back->hash)) back = &d;
    }
    if (!back) return;
    back->held_out = false;
  }
}

}  // namespace

SplitResult split_documents(Documents documents, const SplitRules& rules) {
  std::stable_sort(documents.begin(), documents.end(),
                   [](const auto& a, const auto& b) { return a.domain < b.domain; });
  const std::size_t count = documents.size();
  for (std::size_t first = 0; first < count && rules.fraction > 0;) {
    std::size_t last = first;
    while (last < count && documents[last].domain == documents[first].domain) ++last;
    if (last - first == 1) {
      hold_out_tail(documents, first, rules);
    } else {
      mark_domain(documents, first, last, rules);
    }
    first = last;
  }
  keep_a_window(documents, rules.window);
  std::sort(documents.begin(), documents.end(), [](const auto& a, const auto& b) {
    if (a.held_out != b.held_out) return b.held_out;
    if (!a.held_out) return a.offset < b.offset;
    return std::tie(a.domain, a.hash, a.offset) < std::tie(b.domain, b.hash, b.offset);
  });
  SplitResult result;
  std::uint64_t position = 0, rank = 0;
  for (const SplitDocument& d : documents) {
    result.documents.push_back({d.offset, d.held_out ? rank++ : position, d.length, d.domain});
    if (d.held_out) continue;
    position += d.length;
    ++result.train;
  }
  return result;
}

}  // namespace moe::data
