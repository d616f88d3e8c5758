// SPDX-License-Identifier: Apache-2.0
#include "engine/analysis/routed_tokens.h"

#include <string>

#include "engine/core/error.h"

namespace moe::analysis {

void require_below(std::int64_t value, int limit, const char* what) {
  if (value >= 0 && value < limit) return;
  throw Error(ErrorKind::failure, std::string(what) + " " + std::to_string(value) + " is out of range", "analysis",
              "0 to " + std::to_string(limit - 1));
}

void require_experts(const RoutedTokens& text, int experts) {
  for (const std::int32_t e : text.experts)
    if (e != -1) require_below(e, experts, "expert");
}

}  // namespace moe::analysis
