// SPDX-License-Identifier: Apache-2.0
// A user's text, tokenized once into a memory-mapped cache, as a Dataset.
#pragma once
#include <memory>

#include "engine/data/dataset.h"

namespace moe::data {

/// Rows are windows of S + 1 tokens whose first position is uniform over the training tokens; they may cross into the
/// next training document. Held-out windows take turns over the held-out documents of a domain.
std::unique_ptr<Dataset> open_corpus(const DatasetOptions& options, const ProgressFn& progress);

}  // namespace moe::data
