// SPDX-License-Identifier: Apache-2.0
#include "engine/data/corpus_dataset.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/corpus_build.h"
#include "engine/data/token_cache.h"
#include "engine/data/unigram.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kUnigramTokens = std::uint64_t{1} << 20;   // sampled of the training tokens
constexpr std::uint64_t kUnigramBlock = 1024;                      // consecutive ones
constexpr std::uint64_t kUnigramHeldOut = std::uint64_t{1} << 18;  // of a domain

// A folder that is removed with its owner; used when the caller names none.
class ScratchFolder {
 public:
  ScratchFolder() = default;
  ~ScratchFolder() {
    std::error_code error;
    if (!path_.empty()) fs::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const fs::path& make() {
    std::string name = (fs::temp_directory_path() / "moe-tokens-XXXXXX").native();
    if (!::mkdtemp(name.data())) {
      throw Error(ErrorKind::resource, "no temporary folder can be made", escaped_name(name), "", "Check TMPDIR");
    }
    return path_ = name;
  }

 private:
  fs::path path_;
};

class CorpusDataset final : public Dataset {
 public:
  CorpusDataset(Tokenizer tokenizer, TokenCache cache, std::unique_ptr<ScratchFolder> scratch, std::string remark);

  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const std::vector<std::string>& domains() const override { return names_; }
  const std::vector<double>& corpus_share() const override { return share_; }
  std::uint64_t train_tokens() const override { return cache_.train_tokens(); }
  std::string description() const override { return description_; }
  const std::vector<std::string>& notes() const override { return notes_; }

  void batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context, Batch& out) const override;
  std::vector<Window> held_out(int domain, int count, int context) const override;
  double unigram_loss(int domain) const override;

 private:
  std::span<const CachedDocument> held_out_of(int domain) const;
  std::size_t document_at(std::uint64_t position) const;

  Tokenizer tokenizer_;
  TokenCache cache_;
  std::unique_ptr<ScratchFolder> scratch_;
  std::vector<std::string> names_, notes_;
  std::vector<double> share_;
  std::string description_;
  mutable std::once_flag unigram_once_;
  mutable std::optional<Unigram> unigram_;
};

CorpusDataset::CorpusDataset(Tokenizer tokenizer, TokenCache cache, std::unique_ptr<ScratchFolder> scratch,
                             std::string remark)
    : tokenizer_(std::move(tokenizer)), cache_(std::move(cache)), scratch_(std::move(scratch)) {
  const auto facts = nlohmann::json::parse(cache_.facts());
  names_ = facts.at("domains").get<std::vector<std::string>>();
  notes_ = facts.at("notes").get<std::vector<std::string>>();
  share_.assign(names_.size(), 0.0);
  for (const CachedDocument& d : cache_.train()) share_[d.domain] += d.length;
  for (double& share : share_) share /= static_cast<double>(cache_.train_tokens());
  description_ = fmt::format(
      "{}: {} files, {} bytes, {} documents in {} domains, {} tokens of which {} train, vocabulary {}; {} remarks.",
      facts.at("source").get<std::string>(), facts.at("files").get<std::uint64_t>(),
      facts.at("bytes").get<std::uint64_t>(), facts.at("documents").get<std::uint64_t>(), names_.size(),
      cache_.tokens(), cache_.train_tokens(), tokenizer_.vocabulary(), notes_.size());
  if (!remark.empty()) notes_.push_back(std::move(remark));
}

std::size_t CorpusDataset::document_at(std::uint64_t position) const {
  const auto documents = cache_.train();
  const auto after = std::upper_bound(documents.begin(), documents.end(), position,
                                      [](std::uint64_t p, const CachedDocument& d) { return p < d.start; });
  return static_cast<std::size_t>(after - documents.begin()) - 1;
}

void CorpusDataset::batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context, Batch& out) const {
  const auto width = static_cast<std::size_t>(context), positions = static_cast<std::size_t>(rows) * width;
  if (cache_.train_tokens() <= width) {
    throw Error(ErrorKind::bad_input, "the text is too short for this context", "model.context",
                fmt::format("less than {} training tokens", cache_.train_tokens()), "Lower model.context");
  }
  out.rows = rows;
  out.context = context;
  out.inputs.resize(positions);
  out.targets.resize(positions);
  out.domains.resize(positions);
  const auto documents = cache_.train();
  for (int row = 0; row < rows; ++row) {
    const auto lane = (static_cast<std::uint32_t>(micro) << 16) + static_cast<std::uint32_t>(row);
    const RandomStream random(seed, Purpose::batch, step, lane);
    const std::uint64_t position = random.below(0, cache_.train_tokens() - width);
    std::size_t document = document_at(position);
    std::uint64_t within = position - documents[document].start;
    std::size_t at = static_cast<std::size_t>(row) * width;
    for (std::size_t i = 0; i <= width; ++i, ++within) {
      if (within == documents[document].length) {
        ++document;
        within = 0;
      }
      const std::int32_t token = cache_.token(documents[document].offset + within);
      if (i > 0) out.targets[at + i - 1] = token;
      if (i < width) {
        out.inputs[at + i] = token;
        out.domains[at + i] = static_cast<std::int32_t>(documents[document].domain);
      }
    }
  }
}

std::span<const CachedDocument> CorpusDataset::held_out_of(int domain) const {
  const auto all = cache_.held_out();
  const auto less = [](const CachedDocument& d, std::uint32_t value) { return d.domain < value; };
  const auto first = std::lower_bound(all.begin(), all.end(), static_cast<std::uint32_t>(domain), less);
  const auto last = std::lower_bound(first, all.end(), static_cast<std::uint32_t>(domain) + 1, less);
  return {first, last};
}

std::vector<Window> CorpusDataset::held_out(int domain, int count, int context) const {
  std::vector<Window> windows;
  const auto documents = held_out_of(domain);
  // Windows overlap by one token, so that each token but the first of a document is predicted once.
  bool more = true;
  for (std::uint64_t from = 0; more; from += static_cast<std::uint64_t>(context)) {
    more = false;
    for (const CachedDocument& d : documents) {
      if (from + 2 > d.length) continue;
      if (windows.size() == static_cast<std::size_t>(count)) return windows;
      more = true;
      Window window{domain, d.offset, {}};
      const std::uint64_t end = std::min<std::uint64_t>(d.length, from + static_cast<std::uint64_t>(context) + 1);
      for (std::uint64_t i = from; i < end; ++i) window.tokens.push_back(cache_.token(d.offset + i));
      windows.push_back(std::move(window));
    }
  }
  return windows;
}

double CorpusDataset::unigram_loss(int domain) const {
  std::vector<std::int32_t> tokens;
  std::call_once(unigram_once_, [&] {
    Unigram unigram(tokenizer_.vocabulary());
    const auto documents = cache_.train();
    const std::uint64_t blocks = (cache_.train_tokens() + kUnigramBlock - 1) / kUnigramBlock;
    const std::uint64_t taken = std::min(blocks, kUnigramTokens / kUnigramBlock);
    for (std::uint64_t i = 0; i < taken; ++i) {
      const std::uint64_t first = i * blocks / taken * kUnigramBlock;
      std::size_t document = document_at(first);
      std::uint64_t within = first - documents[document].start;
      tokens.clear();
      while (tokens.size() < kUnigramBlock && document < documents.size()) {
        if (within < documents[document].length) {
          tokens.push_back(cache_.token(documents[document].offset + within++));
        } else {
          ++document;
          within = 0;
        }
      }
      unigram.add(tokens);
    }
    unigram_ = std::move(unigram);
  });
  tokens.clear();
  for (const CachedDocument& d : held_out_of(domain)) {
    for (std::uint64_t i = 0; i < d.length && tokens.size() < kUnigramHeldOut; ++i) {
      tokens.push_back(cache_.token(d.offset + i));
    }
  }
  return unigram_->cross_entropy(tokens);
}

// Everything that tokens.bin depends on besides the files.
std::uint64_t fingerprint(const CorpusFiles& corpus, const DatasetOptions& options) {
  const std::uint64_t facts[] = {static_cast<std::uint64_t>(options.vocabulary),
                                 static_cast<std::uint64_t>(options.context),
                                 std::bit_cast<std::uint64_t>(options.validation_fraction), options.seed};
  std::uint64_t hash = hash64(facts, sizeof facts, corpus.fingerprint());
  if (!options.tokenizer_model.empty()) hash = hash64(Tokenizer::load(options.tokenizer_model).bytes(), hash);
  return hash;
}

struct Cached {
  Tokenizer tokenizer;
  TokenCache cache;
};

// The pair in the cache folder, when both files are whole and belong together.
std::optional<Cached> open_cached(const fs::path& folder) {
  auto cache = TokenCache::open(folder / kCacheFile);
  if (!cache) return std::nullopt;
  try {
    Tokenizer tokenizer = Tokenizer::load(folder / kTokenizerFile);
    if (hash64(tokenizer.bytes()) != cache->tokenizer_hash()) return std::nullopt;
    return Cached{std::move(tokenizer), std::move(*cache)};
  } catch (const Error&) {
    return std::nullopt;
  }
}

Tokenizer obtain_tokenizer(const CorpusFiles& corpus, const DatasetOptions& options, const ProgressFn& progress) {
  if (!options.tokenizer_model.empty()) return Tokenizer::load(options.tokenizer_model);
  const fs::path kept = options.cache_dir / kTokenizerFile;
  std::error_code error;
  if (options.trust_cache && fs::exists(kept, error)) return Tokenizer::load(kept);
  return train_on_sample(corpus, options.vocabulary, progress);
}

}  // namespace

std::unique_ptr<Dataset> open_corpus(const DatasetOptions& asked, const ProgressFn& progress) {
  DatasetOptions options = asked;
  std::unique_ptr<ScratchFolder> scratch;
  if (options.cache_dir.empty()) {
    scratch = std::make_unique<ScratchFolder>();
    options.cache_dir = scratch->make();
  }
  std::optional<Cached> cached = open_cached(options.cache_dir);
  std::error_code error;
  const bool gone = !fs::exists(options.path, error);
  std::string remark;
  if (cached && options.trust_cache) {
    if (gone) remark = escaped_name(options.path.native()) + ": not there any more; the token cache of the run is used";
  } else {
    CorpusFiles corpus = scan_corpus(options.path, options.cache_dir, progress);
    const std::uint64_t print = fingerprint(corpus, options);
    if (!cached || cached->cache.fingerprint() != print) {
      cached.reset();
      build_cache(corpus, options, obtain_tokenizer(corpus, options, progress), print, progress);
      cached = open_cached(options.cache_dir);
    }
  }
  if (!cached) {
    throw Error(ErrorKind::resource, "the token cache cannot be read back", escaped_name(options.cache_dir.native()),
                "", "Check the disk and try again");
  }
  return std::make_unique<CorpusDataset>(std::move(cached->tokenizer), std::move(cached->cache), std::move(scratch),
                                         std::move(remark));
}

}  // namespace moe::data
