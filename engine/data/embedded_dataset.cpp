// SPDX-License-Identifier: Apache-2.0
#include "engine/data/embedded_dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/corpus_build.h"
#include "engine/data/generators/generator.h"
#include "engine/data/unigram.h"

namespace moe::data {
namespace {

namespace fs = std::filesystem;
using generators::Split;

constexpr std::uint64_t kTokenizerSeed = 0;                     // the tokenizer does not depend on the run's seed
constexpr std::size_t kTokenizerBytes = std::size_t{64} << 10;  // of each domain
constexpr std::uint64_t kUnigramDocuments = 128;                // of each domain and split

int domain_count() { return static_cast<int>(generators::domains().size()); }

Tokenizer train_tokenizer(int vocabulary, const ProgressFn& progress) {
  int domain = 0;
  std::size_t bytes = 0;
  std::uint64_t index = 0;
  const auto next = [&](std::string& text) {
    if (bytes >= kTokenizerBytes) {
      ++domain;
      bytes = 0;
      index = 0;
    }
    report(progress, {"training tokenizer", static_cast<std::uint64_t>(domain),
                      static_cast<std::uint64_t>(domain_count()), index});
    if (domain == domain_count()) return false;
    generators::document(kTokenizerSeed, domain, Split::train, index++, text);
    bytes += text.size();
    return true;
  };
  return Tokenizer::train(next, vocabulary);
}

// A model that is there belongs to the run: it is kept unless it cannot be read or is larger than asked for.
std::optional<Tokenizer> existing_tokenizer(const fs::path& file, int vocabulary) {
  std::error_code error;
  if (!fs::exists(file, error)) return std::nullopt;
  try {
    Tokenizer tokenizer = Tokenizer::load(file);
    if (tokenizer.vocabulary() <= vocabulary) return tokenizer;
  } catch (const Error&) {
    // Torn: training again gives the same bits.
  }
  return std::nullopt;
}

Tokenizer obtain_tokenizer(const DatasetOptions& options, const ProgressFn& progress) {
  if (!options.tokenizer_model.empty()) return Tokenizer::load(options.tokenizer_model);
  if (options.cache_dir.empty()) return train_tokenizer(options.vocabulary, progress);
  const fs::path file = options.cache_dir / kTokenizerFile;
  if (auto existing = existing_tokenizer(file, options.vocabulary)) return std::move(*existing);
  Tokenizer trained = train_tokenizer(options.vocabulary, progress);
  trained.save(file);
  return trained;
}

class EmbeddedDataset final : public Dataset {
 public:
  EmbeddedDataset(Tokenizer tokenizer, std::uint64_t seed) : tokenizer_(std::move(tokenizer)), seed_(seed) {
    for (const auto& domain : generators::domains()) names_.emplace_back(domain.name);
    share_.assign(names_.size(), 1.0 / static_cast<double>(names_.size()));
    description_ = fmt::format("Embedded generator, version {}: endless text in {} domains, vocabulary {}.",
                               generators::kVersion, names_.size(), tokenizer_.vocabulary());
  }

  const Tokenizer& tokenizer() const override { return tokenizer_; }
  const std::vector<std::string>& domains() const override { return names_; }
  const std::vector<double>& corpus_share() const override { return share_; }
  std::uint64_t train_tokens() const override { return 0; }
  std::string description() const override { return description_; }
  const std::vector<std::string>& notes() const override { return notes_; }

  void batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context, Batch& out) const override;
  std::vector<Window> held_out(int domain, int count, int context) const override;
  double unigram_loss(int domain) const override;

 private:
  void encode_document(std::uint64_t seed, int domain, Split split, std::uint64_t index,
                       std::vector<std::int32_t>& ids) const;

  Tokenizer tokenizer_;
  std::uint64_t seed_;
  std::vector<std::string> names_, notes_;
  std::vector<double> share_;
  std::string description_;
  mutable std::once_flag unigram_once_;
  mutable std::optional<Unigram> unigram_;
};

// Appends the document's tokens and eos.
void EmbeddedDataset::encode_document(std::uint64_t seed, int domain, Split split, std::uint64_t index,
                                      std::vector<std::int32_t>& ids) const {
  thread_local std::string text;
  generators::document(seed, domain, split, index, text);
  tokenizer_.encode(text, ids);
  ids.push_back(tokenizer_.eos());
}

void EmbeddedDataset::batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context,
                            Batch& out) const {
  thread_local std::vector<std::int32_t> ids;
  const auto positions = static_cast<std::size_t>(rows) * static_cast<std::size_t>(context);
  const auto width = static_cast<std::size_t>(context);
  out.rows = rows;
  out.context = context;
  out.inputs.resize(positions);
  out.targets.resize(positions);
  out.domains.resize(positions);
  for (int row = 0; row < rows; ++row) {
    const auto lane = (static_cast<std::uint32_t>(micro) << 16) + static_cast<std::uint32_t>(row);
    const RandomStream random(seed, Purpose::batch, step, lane);
    const int domain = static_cast<int>(random.below(0, static_cast<std::uint64_t>(domain_count())));
    const auto words = random.at(1);
    std::uint64_t index = (static_cast<std::uint64_t>(words[0]) << 32) | words[1];
    ids.clear();
    encode_document(seed, domain, Split::train, index, ids);
    const std::size_t start = random.below(2, ids.size());
    while (ids.size() < start + width + 1) encode_document(seed, domain, Split::train, ++index, ids);
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(start);
    const auto at = static_cast<std::ptrdiff_t>(width) * row;
    std::copy_n(first, width, out.inputs.begin() + at);
    std::copy_n(first + 1, width, out.targets.begin() + at);
    std::fill_n(out.domains.begin() + at, width, domain);
  }
}

std::vector<Window> EmbeddedDataset::held_out(int domain, int count, int context) const {
  std::vector<Window> windows;
  const std::size_t width = static_cast<std::size_t>(context) + 1;
  for (int i = 0; i < count; ++i) {
    Window window{domain, static_cast<std::uint64_t>(i), {}};
    encode_document(seed_, domain, Split::held_out, window.document, window.tokens);
    auto& tokens = window.tokens;
    if (tokens.size() > width) {
      // Anywhere in the document, so that beginnings are not over-represented.
      const RandomStream random(seed_, Purpose::split, static_cast<std::uint64_t>(i),
                                static_cast<std::uint32_t>(domain));
      tokens.erase(tokens.begin(),
                   tokens.begin() + static_cast<std::ptrdiff_t>(random.below(0, tokens.size() - width + 1)));
      tokens.resize(width);
    }
    windows.push_back(std::move(window));
  }
  return windows;
}

double EmbeddedDataset::unigram_loss(int domain) const {
  std::vector<std::int32_t> ids;
  std::call_once(unigram_once_, [&] {
    Unigram unigram(tokenizer_.vocabulary());
    for (int d = 0; d < domain_count(); ++d) {
      for (std::uint64_t i = 0; i < kUnigramDocuments; ++i) encode_document(seed_, d, Split::train, i, ids);
    }
    unigram.add(ids);
    unigram_ = std::move(unigram);
  });
  ids.clear();
  for (std::uint64_t i = 0; i < kUnigramDocuments; ++i) encode_document(seed_, domain, Split::held_out, i, ids);
  return unigram_->cross_entropy(ids);
}

}  // namespace

std::unique_ptr<Dataset> open_embedded(const DatasetOptions& options, const ProgressFn& progress) {
  return std::make_unique<EmbeddedDataset>(obtain_tokenizer(options, progress), options.seed);
}

}  // namespace moe::data
