// SPDX-License-Identifier: Apache-2.0
// From text files to tokenizer.model and tokens.bin, in a stream.
#pragma once
#include <cstdint>

#include "engine/data/corpus_scan.h"
#include "engine/data/dataset.h"

namespace moe::data {

inline constexpr const char* kCacheFile = "tokens.bin";
inline constexpr const char* kTokenizerFile = "tokenizer.model";

/// Trains on a bounded sample: the same number of bytes of each domain, spread over its files and over each file.
Tokenizer train_on_sample(const CorpusFiles& corpus, int vocabulary, const ProgressFn& progress);

/// Tokenizes every document into options.cache_dir. Throws Error(bad_input) when there are fewer than context + 1
/// tokens, Error(resource) when the disk is too small or a write fails, Error(failure) when cancelled; then neither of
/// the two files is touched.
void build_cache(CorpusFiles& corpus, const DatasetOptions& options, const Tokenizer& tokenizer,
                 std::uint64_t fingerprint, const ProgressFn& progress);

}  // namespace moe::data
