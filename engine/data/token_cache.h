// SPDX-License-Identifier: Apache-2.0
// tokens.bin: the tokens of a corpus with an index of its documents, written once in a stream and then memory-mapped.
//
// Layout (little endian): a 4096-byte page that begins with CacheHeader; the tokens, 2 or 4 bytes each; a checksum of
// each MiB of tokens; the index, training documents first (by position), then the held-out ones (by domain); JSON
// facts.
#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/file_io.h"

namespace moe::data {

struct CacheHeader {
  char magic[8];  // "MOETOKEN"
  std::uint32_t version, width;
  std::uint64_t fingerprint, tokenizer_hash;
  std::uint64_t tokens, train_tokens;
  std::uint64_t blocks, train_documents, held_out_documents;
  std::uint64_t facts_bytes;
  std::uint64_t tail_hash;    // of checksums, index and facts
  std::uint64_t header_hash;  // of the fields above
};

/// A stretch of tokens that ends with eos.
struct CachedDocument {
  std::uint64_t offset;  // first token in the file
  std::uint64_t start;   // its position in the training stream; for held-out documents a rank in hash order
  std::uint32_t length;  // tokens
  std::uint32_t domain;
};

class TokenCacheWriter {
 public:
  /// `width` is 2 for vocabularies up to 65536, else 4.
  TokenCacheWriter(const std::filesystem::path& file, int width);
  void append(std::span<const std::int32_t> tokens);
  std::uint64_t tokens() const { return tokens_; }
  /// `documents` holds `train` training documents, then the others. Makes the file appear.
  void commit(const std::vector<CachedDocument>& documents, std::size_t train, const nlohmann::json& facts,
              std::uint64_t fingerprint, std::uint64_t tokenizer_hash);

 private:
  void end_block();

  StagedFile file_;
  std::uint32_t width_;
  std::uint64_t tokens_ = 0;
  std::vector<char> block_;
  std::vector<std::uint64_t> sums_;
};

class TokenCache {
 public:
  /// Nothing when the file is missing, torn, of another version or altered: it is then rebuilt.
  static std::optional<TokenCache> open(const std::filesystem::path& file);

  std::uint64_t fingerprint() const { return header_.fingerprint; }
  std::uint64_t tokenizer_hash() const { return header_.tokenizer_hash; }
  std::uint64_t tokens() const { return header_.tokens; }
  std::uint64_t train_tokens() const { return header_.train_tokens; }
  std::span<const CachedDocument> train() const { return train_; }
  std::span<const CachedDocument> held_out() const { return held_out_; }
  std::string_view facts() const { return facts_; }
  std::int32_t token(std::uint64_t at) const {
    return header_.width == 2 ? static_cast<std::int32_t>(short_tokens_[at])
                              : static_cast<std::int32_t>(long_tokens_[at]);
  }

 private:
  bool attach();
  bool verify_blocks(const std::uint64_t* sums) const;

  MappedFile map_;
  CacheHeader header_{};
  const std::uint16_t* short_tokens_ = nullptr;
  const std::uint32_t* long_tokens_ = nullptr;
  std::span<const CachedDocument> train_, held_out_;
  std::string_view facts_;
};

}  // namespace moe::data
