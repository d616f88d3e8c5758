// SPDX-License-Identifier: Apache-2.0
#include "engine/data/token_cache.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <type_traits>

namespace moe::data {
namespace {

static_assert(std::endian::native == std::endian::little, "tokens.bin is little endian");
static_assert(std::is_trivially_copyable_v<CacheHeader> && sizeof(CacheHeader) == 96);
static_assert(std::is_trivially_copyable_v<CachedDocument> && sizeof(CachedDocument) == 24);

constexpr char kMagic[8] = {'M', 'O', 'E', 'T', 'O', 'K', 'E', 'N'};
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kPage = 4096;                   // the tokens begin here
constexpr std::size_t kBlock = std::size_t{1} << 20;  // bytes under one checksum
constexpr std::uint64_t kVerifiedBlocks = 1024;       // all of them up to 1 GiB, that many evenly spaced ones beyond

std::uint64_t header_hash(const CacheHeader& h) { return hash64(&h, offsetof(CacheHeader, header_hash)); }

}  // namespace

TokenCacheWriter::TokenCacheWriter(const std::filesystem::path& file, int width)
    : file_(file), width_(static_cast<std::uint32_t>(width)) {
  block_.reserve(kBlock);
  const std::vector<char> page(kPage, '\0');
  file_.write(page.data(), page.size());
}

void TokenCacheWriter::append(std::span<const std::int32_t> tokens) {
  for (const std::int32_t token : tokens) {
    const auto value = static_cast<std::uint32_t>(token);
    char bytes[4];
    std::memcpy(bytes, &value, 4);
    block_.insert(block_.end(), bytes, bytes + width_);
    if (block_.size() == kBlock) end_block();
  }
  tokens_ += tokens.size();
}

void TokenCacheWriter::end_block() {
  sums_.push_back(hash64(block_.data(), block_.size()));
  file_.write(block_.data(), block_.size());
  block_.clear();
}

void TokenCacheWriter::commit(const std::vector<CachedDocument>& documents, std::size_t train,
                              const nlohmann::json& facts, std::uint64_t fingerprint, std::uint64_t tokenizer_hash) {
  if (!block_.empty()) end_block();
  const char padding[8] = {};
  file_.write(padding, (8 - file_.size() % 8) % 8);
  const std::string text = facts.dump();
  CacheHeader h{};
  std::copy(std::begin(kMagic), std::end(kMagic), h.magic);
  h.version = kVersion;
  h.width = width_;
  h.fingerprint = fingerprint;
  h.tokenizer_hash = tokenizer_hash;
  h.tokens = tokens_;
  for (std::size_t i = 0; i < train; ++i) h.train_tokens += documents[i].length;
  h.blocks = sums_.size();
  h.train_documents = train;
  h.held_out_documents = documents.size() - train;
  h.facts_bytes = text.size();
  h.tail_hash = hash64(sums_.data(), sums_.size() * sizeof(std::uint64_t));
  h.tail_hash = hash64(documents.data(), documents.size() * sizeof(CachedDocument), h.tail_hash);
  h.tail_hash = hash64(text, h.tail_hash);
  h.header_hash = header_hash(h);
  file_.write(sums_.data(), sums_.size() * sizeof(std::uint64_t));
  file_.write(documents.data(), documents.size() * sizeof(CachedDocument));
  file_.write(text.data(), text.size());
  file_.write_at(0, &h, sizeof h);
  file_.commit();
}

std::optional<TokenCache> TokenCache::open(const std::filesystem::path& file) {
  TokenCache cache;
  cache.map_ = MappedFile(file);
  if (!cache.attach()) return std::nullopt;
  return cache;
}

bool TokenCache::attach() {
  if (map_.size() < kPage) return false;
  CacheHeader& h = header_;
  std::memcpy(&h, map_.data(), sizeof h);
  if (!std::equal(std::begin(kMagic), std::end(kMagic), h.magic) || h.version != kVersion) return false;
  if (h.header_hash != header_hash(h)) return false;
  // The hash vouches for the counts, the size for the file; the limits keep the products from overflowing.
  constexpr std::uint64_t kMany = std::uint64_t{1} << 48;
  if ((h.width != 2 && h.width != 4) || h.tokens > kMany || h.blocks > kMany || h.facts_bytes > kMany ||
      h.train_documents > kMany || h.held_out_documents > kMany) {
    return false;
  }
  const std::uint64_t data = (h.tokens * h.width + 7) / 8 * 8, documents = h.train_documents + h.held_out_documents;
  if (map_.size() != kPage + data + h.blocks * 8 + documents * sizeof(CachedDocument) + h.facts_bytes) return false;
  if (h.blocks != (h.tokens * h.width + kBlock - 1) / kBlock) return false;

  const char* tail = map_.data() + kPage + data;
  const auto* sums = reinterpret_cast<const std::uint64_t*>(tail);
  const auto* index = reinterpret_cast<const CachedDocument*>(tail + h.blocks * 8);
  facts_ = {reinterpret_cast<const char*>(index + documents), h.facts_bytes};
  std::uint64_t hash = hash64(sums, h.blocks * 8);
  hash = hash64(index, documents * sizeof(CachedDocument), hash);
  if (hash64(facts_, hash) != h.tail_hash || !verify_blocks(sums)) return false;
  train_ = {index, h.train_documents};
  held_out_ = {index + h.train_documents, h.held_out_documents};
  short_tokens_ = reinterpret_cast<const std::uint16_t*>(map_.data() + kPage);
  long_tokens_ = reinterpret_cast<const std::uint32_t*>(map_.data() + kPage);
  return true;
}

bool TokenCache::verify_blocks(const std::uint64_t* sums) const {
  const std::uint64_t bytes = header_.tokens * header_.width;
  const std::uint64_t checks = std::min(header_.blocks, kVerifiedBlocks);
  for (std::uint64_t i = 0; i < checks; ++i) {
    const std::uint64_t block = i * header_.blocks / checks, first = block * kBlock;
    const std::uint64_t size = std::min<std::uint64_t>(kBlock, bytes - first);
    if (hash64(map_.data() + kPage + first, size) != sums[block]) return false;
    map_.release(kPage + first, size);  // verifying must not cost memory in proportion to the corpus
  }
  return true;
}

}  // namespace moe::data
