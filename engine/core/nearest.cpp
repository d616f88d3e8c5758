// SPDX-License-Identifier: Apache-2.0
#include "engine/core/nearest.h"

#include <algorithm>
#include <numeric>

namespace moe {

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // of the table of prefixes, one at a time
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({row[j] + 1, row[j + 1] + 1, substitute});
    }
  }
  return row.back();
}

std::string nearest_word(std::string_view asked, const std::vector<std::string>& candidates) {
  asked = asked.substr(0, 64);  // the rest of an absurd word says nothing
  const auto cost = [&](const std::string& word) { return edit_distance(asked, word); };
  const auto best = std::ranges::min_element(candidates, {}, cost);
  return best == candidates.end() ? std::string() : *best;
}

}  // namespace moe
