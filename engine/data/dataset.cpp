// SPDX-License-Identifier: Apache-2.0
#include "engine/data/dataset.h"

#include "engine/core/error.h"
#include "engine/data/corpus_dataset.h"
#include "engine/data/embedded_dataset.h"

namespace moe::data {

std::unique_ptr<Dataset> open_dataset(const DatasetOptions& options, const ProgressFn& progress) {
  if (options.context < 1) {
    throw Error(ErrorKind::usage, "the context must be positive", "model.context", "at least 1", "Raise model.context");
  }
  if (!(options.validation_fraction >= 0.0 && options.validation_fraction <= 0.5)) {
    throw Error(ErrorKind::usage, "the held-out share is out of range", "data.validation_fraction", "0 to 0.5",
                "Choose a share in this range");
  }
  return options.path.empty() ? open_embedded(options, progress) : open_corpus(options, progress);
}

}  // namespace moe::data
