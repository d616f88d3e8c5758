// SPDX-License-Identifier: Apache-2.0
// What train and resume share: run to the end, show how it goes, save at a signal.
#pragma once
#include <optional>
#include <string>

#include "app/cli/cli.h"

namespace moe::cli {

struct TrainingRequest {
  Json open;                          // the command `new` or `open`
  OrderedJson edits;                  // live settings to change before the first step: key → value
  std::optional<std::int64_t> until;  // absent: train.steps
  bool json = false;
  std::string color;
};

/// Returns the exit code.
int run_training(const TrainingRequest& request);

}  // namespace moe::cli
