// SPDX-License-Identifier: Apache-2.0
// The endless corpus of engine/data/generators as a Dataset.
#pragma once
#include <memory>

#include "engine/data/dataset.h"

namespace moe::data {

/// Each row of a batch is text of one domain, drawn uniformly: documents with eos between them, entered at a random
/// position of the first. Held-out windows come from a stream that shares no random numbers with training.
std::unique_ptr<Dataset> open_embedded(const DatasetOptions& options, const ProgressFn& progress);

}  // namespace moe::data
