// SPDX-License-Identifier: Apache-2.0
// Training: the text is cut to what the SentencePiece trainer accepts, so that it neither skips a line nor refuses.
#include <fmt/format.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/core/error.h"
#include "engine/data/tokenizer.h"
#include "engine/data/utf8.h"

namespace moe::data {
namespace {

constexpr int kFixedPieces = 3 + 2 + 256;   // unk, bos, eos; newline, tab; bytes
constexpr std::size_t kMaxSentence = 4000;  // bytes; the trainer's own limit is 4192
constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

class Sentences : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(const std::vector<std::string>& lines) : lines_(lines) {}
  bool done() const override { return at_ >= lines_.size(); }
  void Next() override { ++at_; }
  const std::string& value() const override { return lines_[at_]; }
  sentencepiece::util::Status status() const override { return {}; }

 private:
  const std::vector<std::string>& lines_;
  std::size_t at_ = 0;
};

using Characters = std::unordered_map<std::string, std::uint64_t>;

// Calls part(text) for the stretches of `line` made of characters that `keep` accepts, none longer than kMaxSentence.
template <class Keep, class Part>
void split(std::string_view line, const Keep& keep, const Part& part) {
  std::size_t start = 0, at = 0;
  const auto flush = [&](std::size_t next) {
    if (at > start) part(line.substr(start, at - start));
    start = next;
  };
  while (at < line.size()) {
    const std::size_t length = utf8_length(line, at);
    const bool kept = length > 0 && keep(line.substr(at, length));
    if (!kept) flush(at + std::max<std::size_t>(length, 1));
    if (kept && at - start + length > kMaxSentence) flush(at);
    at += std::max<std::size_t>(length, 1);
  }
  flush(line.size());
}

// NUL, newline, tab and the space mark have a meaning of their own to the trainer; newline and tab are whole pieces.
bool trainable(std::string_view c) { return c != kSpaceMark && c[0] != '\0' && c[0] != '\n' && c[0] != '\t'; }

// The most frequent characters, at most `count`; ties by code point. The others are left to the byte pieces.
std::unordered_set<std::string> most_frequent(const Characters& characters, std::size_t count) {
  std::vector<std::pair<std::string, std::uint64_t>> sorted(characters.begin(), characters.end());
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (sorted.size() > count) sorted.resize(count);
  std::unordered_set<std::string> kept;
  for (auto& [character, number] : sorted) kept.insert(character);
  kept.insert(" ");
  return kept;
}

std::vector<std::string> prepare(const std::function<bool(std::string&)>& next, int vocabulary) {
  std::vector<std::string> lines;
  Characters characters;
  for (std::string text; next(text);) {
    split(text, trainable, [&](std::string_view part) { lines.emplace_back(part); });
  }
  for (const std::string& line : lines) {
    for (std::size_t at = 0; at < line.size();) {
      const std::size_t length = utf8_length(line, at);
      ++characters[line.substr(at, length)];
      at += length;
    }
  }
  // At least half of the free pieces are left for merges.
  const auto room = static_cast<std::size_t>(vocabulary - kFixedPieces) / 2;
  if (characters.size() > room) {
    const auto kept = most_frequent(characters, room);
    std::vector<std::string> reduced;
    for (const std::string& line : lines) {
      split(
          line, [&](std::string_view c) { return kept.contains(std::string(c)); },
          [&](std::string_view part) { reduced.emplace_back(part); });
    }
    lines = std::move(reduced);
  }
  lines.emplace_back(" a");  // the space always has a piece, also where the sample has none
  return lines;
}

}  // namespace

Tokenizer Tokenizer::train(const std::function<bool(std::string&)>& next, int vocabulary) {
  if (vocabulary < kMinVocabulary) {
    throw Error(ErrorKind::usage, fmt::format("a vocabulary of {} is too small", vocabulary), "model.vocabulary",
                fmt::format("at least {}", kMinVocabulary), "Raise model.vocabulary");
  }
  const std::vector<std::string> lines = prepare(next, vocabulary);
  Sentences sentences(lines);
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train({{"model_type", "bpe"},
                                                                  {"vocab_size", std::to_string(vocabulary)},
                                                                  {"hard_vocab_limit", "false"},
                                                                  {"byte_fallback", "true"},
                                                                  {"character_coverage", "1.0"},
                                                                  {"normalization_rule_name", "identity"},
                                                                  {"add_dummy_prefix", "false"},
                                                                  {"remove_extra_whitespaces", "false"},
                                                                  {"allow_whitespace_only_pieces", "true"},
                                                                  {"split_digits", "true"},
                                                                  {"user_defined_symbols", "\n,\t"},
                                                                  {"unk_id", "0"},
                                                                  {"bos_id", "1"},
                                                                  {"eos_id", "2"},
                                                                  {"num_threads", "1"},
                                                                  {"minloglevel", "3"}},  // fatal messages only
                                                                 &sentences, &model);
  if (!status.ok()) {
    throw Error(ErrorKind::failure, "the tokenizer cannot be trained: " + status.ToString(), "model.vocabulary", "",
                "Try another vocabulary");
  }
  return from_bytes(std::move(model));
}

}  // namespace moe::data
