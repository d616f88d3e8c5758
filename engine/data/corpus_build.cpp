// SPDX-License-Identifier: Apache-2.0
#include "engine/data/corpus_build.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/random.h"
#include "engine/data/document_split.h"
#include "engine/data/text_reader.h"
#include "engine/data/token_cache.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSampleBytes = std::uint64_t{2} << 20;  // in all
constexpr std::uint64_t kSampleFiles = 64;                      // of each domain
constexpr std::uint64_t kSampleParts = 4;                       // of each file
constexpr std::uint64_t kProgressBytes = std::uint64_t{1} << 20;

// Yields the sample piece by piece: a pure function of the file list.
class Sampler {
 public:
  explicit Sampler(const CorpusFiles& corpus) : corpus_(corpus) {
    const auto domains = static_cast<std::uint64_t>(corpus.domains.size());
    std::size_t first = 0;
    for (std::uint64_t d = 0; d < domains; ++d) {
      std::size_t last = first;
      while (last < corpus.files.size() && corpus.files[last].domain == static_cast<int>(d)) ++last;
      const std::uint64_t files = last - first, taken = std::min(files, kSampleFiles);
      for (std::uint64_t i = 0; i < taken; ++i) {
        picks_.push_back({first + static_cast<std::size_t>(i * files / taken), kSampleBytes / domains / taken});
      }
      first = last;
    }
  }

  bool next(std::string& text) {
    while (parts_.empty()) {
      if (at_ == picks_.size()) return false;
      take(picks_[at_++]);
    }
    text = std::move(parts_.back());
    parts_.pop_back();
    return true;
  }
  std::uint64_t files_done() const { return at_; }
  std::uint64_t files() const { return picks_.size(); }

 private:
  struct Pick {
    std::size_t file;
    std::uint64_t budget;  // bytes
  };

  // Evenly spaced parts of plain files; the beginning of files that need conversion.
  void take(const Pick& pick) {
    const SourceFile& source = corpus_.files[pick.file];
    const fs::path path = corpus_.full_path(source);
    const std::uint64_t budget = std::max<std::uint64_t>(pick.budget, 1);
    TextReader reader(path);
    std::string head;
    while (head.size() < std::min(budget, source.size) && reader.read(head)) {
    }
    if (source.size <= budget || !reader.remark().empty()) {
      head.resize(utf8_floor(head, std::min<std::size_t>(head.size(), budget)));
      parts_.push_back(std::move(head));
      return;
    }
    const FileDescriptor fd = open_regular(path);
    const std::uint64_t size = std::max<std::uint64_t>(budget / kSampleParts, 1);
    for (std::uint64_t i = 0; i < kSampleParts && fd; ++i) {
      const std::uint64_t offset = (source.size - size) * i / (kSampleParts - 1);
      std::string part(size, '\0');
      const ssize_t n = ::pread(fd.get(), part.data(), part.size(), static_cast<off_t>(offset));
      part.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
      if (!part.empty()) parts_.push_back(std::move(part));
    }
  }

  const CorpusFiles& corpus_;
  std::vector<Pick> picks_;
  std::size_t at_ = 0;
  std::vector<std::string> parts_;
};

// The number of bytes that the cache will need, from the tokens per byte of a sample, with a quarter to spare.
std::uint64_t estimate_bytes(const CorpusFiles& corpus, const Tokenizer& tokenizer, std::uint64_t width) {
  Sampler sampler(corpus);
  std::uint64_t bytes = 0, tokens = 0;
  for (std::string text; bytes < (std::uint64_t{256} << 10) && sampler.next(text);) {
    bytes += text.size();
    tokens += tokenizer.encode(text).size();
  }
  const double rate = bytes == 0 ? 1.0 : static_cast<double>(tokens) / static_cast<double>(bytes);
  const double data = static_cast<double>(corpus.bytes) * rate * static_cast<double>(width) * 1.25;
  return static_cast<std::uint64_t>(data) + (corpus.files.size() + corpus.bytes / DocumentReader::kMaxDocument) * 64 +
         (std::uint64_t{1} << 20);
}

void check_space(const fs::path& folder, std::uint64_t need) {
  std::error_code error;
  fs::create_directories(folder, error);
  const fs::space_info space = fs::space(folder, error);
  if (error || space.available >= need) return;  // when it cannot be told, the writes tell
  throw Error(ErrorKind::resource, "not enough disk space for the token cache", escaped_name(folder.native()),
              fmt::format("needs {} MB, {} MB are free", need / 1'000'000 + 1, space.available / 1'000'000),
              "Free some space or choose another folder for the run");
}

std::uint64_t document_hash(std::uint64_t seed, const SourceFile& file, std::uint64_t part) {
  const auto words = Philox::block(hash64(file.path, seed), static_cast<std::uint64_t>(Purpose::split) << 56, part);
  return (static_cast<std::uint64_t>(words[0]) << 32) | words[1];
}

class Builder {
 public:
  Builder(CorpusFiles& corpus, const DatasetOptions& options, const Tokenizer& tokenizer, const ProgressFn& progress)
      : corpus_(corpus),
        options_(options),
        tokenizer_(tokenizer),
        progress_(progress),
        writer_(options.cache_dir / kCacheFile, tokenizer.vocabulary() <= 65536 ? 2 : 4) {}

  void tokenize() {
    for (const SourceFile& file : corpus_.files) tokenize(file);
    report(progress_, state());
  }
  void commit(std::uint64_t fingerprint);

 private:
  void tokenize(const SourceFile& file);
  Progress state() const { return {"tokenizing", bytes_, std::max(bytes_, corpus_.bytes), documents_.size()}; }

  CorpusFiles& corpus_;
  const DatasetOptions& options_;
  const Tokenizer& tokenizer_;
  const ProgressFn& progress_;
  TokenCacheWriter writer_;
  std::vector<SplitDocument> documents_;  // 32 bytes for each 32 to 64 KiB of a large file
  std::vector<std::int32_t> ids_;
  std::string text_;
  std::uint64_t bytes_ = 0, reported_ = 0;
};

void Builder::tokenize(const SourceFile& file) {
  DocumentReader reader(corpus_.full_path(file));
  const std::uint64_t before = bytes_;
  for (std::uint64_t part = 0; reader.next(text_); ++part) {
    ids_.clear();
    tokenizer_.encode(text_, ids_);
    ids_.push_back(tokenizer_.eos());
    documents_.push_back({writer_.tokens(), static_cast<std::uint32_t>(ids_.size()),
                          static_cast<std::uint32_t>(file.domain), document_hash(options_.seed, file, part)});
    writer_.append(ids_);
    bytes_ = before + reader.reader().bytes_read();
    if (bytes_ - reported_ >= kProgressBytes) {
      reported_ = bytes_;
      report(progress_, state());
    }
  }
  const std::string remark = reader.reader().remark();
  if (!remark.empty()) {
    corpus_.notes.add(escaped_name(file.path.empty() ? corpus_.root.filename().native() : file.path), remark);
  }
}

void Builder::commit(std::uint64_t fingerprint) {
  const std::uint64_t need = static_cast<std::uint64_t>(options_.context) + 1;
  if (writer_.tokens() < need) {
    throw Error(ErrorKind::bad_input,
                fmt::format("the text is too short: it needs at least {} tokens, has {}", need, writer_.tokens()),
                escaped_name(corpus_.root.native()), fmt::format("model.context + 1 = {}", need),
                "Choose a longer text or lower model.context");
  }
  const std::size_t count = documents_.size();
  const SplitResult split = split_documents(std::move(documents_), {options_.validation_fraction, need});
  std::vector<bool> held(corpus_.domains.size(), false);
  for (std::size_t i = split.train; i < split.documents.size(); ++i) held[split.documents[i].domain] = true;
  for (std::size_t d = 0; d < held.size(); ++d) {
    if (!held[d]) corpus_.notes.add(corpus_.domains[d], "nothing is held out, the text is too short");
  }
  const nlohmann::json facts = {{"source", escaped_name(corpus_.root.native())},
                                {"domains", corpus_.domains},
                                {"files", corpus_.files.size()},
                                {"bytes", corpus_.bytes},
                                {"documents", count},
                                {"notes", corpus_.notes.list()}};
  // The model first: tokens.bin names its hash, so a pair that does not belong together is never used.
  tokenizer_.save(options_.cache_dir / kTokenizerFile);
  writer_.commit(split.documents, split.train, facts, fingerprint, hash64(tokenizer_.bytes()));
}

}  // namespace

Tokenizer train_on_sample(const CorpusFiles& corpus, int vocabulary, const ProgressFn& progress) {
  Sampler sampler(corpus);
  const auto next = [&](std::string& text) {
    report(progress, {"training tokenizer", sampler.files_done(), sampler.files(), sampler.files_done()});
    return sampler.next(text);
  };
  return Tokenizer::train(next, vocabulary);
}

void build_cache(CorpusFiles& corpus, const DatasetOptions& options, const Tokenizer& tokenizer,
                 std::uint64_t fingerprint, const ProgressFn& progress) {
  check_space(options.cache_dir, estimate_bytes(corpus, tokenizer, tokenizer.vocabulary() <= 65536 ? 2 : 4));
  Builder builder(corpus, options, tokenizer, progress);
  builder.tokenize();
  builder.commit(fingerprint);
}

}  // namespace moe::data
