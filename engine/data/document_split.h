// SPDX-License-Identifier: Apache-2.0
// Which documents train and which are held out.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/data/token_cache.h"

namespace moe::data {

struct SplitDocument {
  std::uint64_t offset = 0;  // first token
  std::uint32_t length = 0;  // tokens
  std::uint32_t domain = 0;
  std::uint64_t hash = 0;  // of (seed, document)
  bool held_out = false;
};

struct SplitRules {
  double fraction = 0.05;      // of the documents of each domain
  std::uint64_t window = 129;  // S + 1: training keeps at least that many tokens
};

struct SplitResult {
  std::vector<CachedDocument> documents;  // training documents by offset, then held-out ones by domain and hash
  std::size_t train = 0;                  // number of training documents
};

/// Holds out the documents whose hash falls below `fraction`: at least one and never all of a domain. Where a domain is
/// one document, its tail is held out instead. A corpus too small for both keeps its tokens for training.
SplitResult split_documents(std::vector<SplitDocument> documents, const SplitRules& rules);

}  // namespace moe::data
