// SPDX-License-Identifier: Apache-2.0
// "Did you mean": the known word nearest to a mistyped one.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace moe {

/// Insertions, deletions and substitutions of bytes that turn `a` into `b` (Levenshtein).
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate at the smallest distance, the first of equals; empty without candidates.
std::string nearest_word(std::string_view asked, const std::vector<std::string>& candidates);

}  // namespace moe
