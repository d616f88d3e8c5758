// SPDX-License-Identifier: Apache-2.0
// A backend that times each op of another one: for the share of time by op of moe-cli bench.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "engine/backend/backend.h"

namespace moe::cli {

/// Seconds and calls by op, filled while the profiled backend lives.
struct OpTimes {
  struct Entry {
    double seconds = 0;
    long calls = 0;
  };
  std::map<std::string, Entry> ops;
};

/// Every op is waited for (synchronize), so that its time is its own; `times` must outlive the backend.
std::unique_ptr<Backend> make_profiling_backend(std::unique_ptr<Backend> inner, OpTimes& times);

}  // namespace moe::cli
