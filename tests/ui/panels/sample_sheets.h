// SPDX-License-Identifier: GPL-3.0-or-later
// Sheets as the engine would send them.
#pragma once
#include <optional>
#include <string>

#include "engine/analysis/model_sheet.h"

namespace moe::test {

inline std::optional<protocol::ModelSheet> publishedSheet(const std::string& name) {
  return analysis::sheet_of(analysis::find_published(name));
}

inline std::optional<protocol::ModelSheet> ourSheet() {
  Config config;
  config.preset = "text-small";
  config.model.layers = 6;
  config.model.experts = 16;
  return analysis::sheet_of(config);
}

}  // namespace moe::test
