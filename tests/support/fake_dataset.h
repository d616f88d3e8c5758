// SPDX-License-Identifier: Apache-2.0
// A dataset in memory for trainer tests: rows walk the vocabulary, each domain with its own stride, so that there is
// something to learn and domains differ.
#pragma once
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/core/random.h"
#include "engine/data/dataset.h"

namespace moe::test {

class FakeDataset final : public data::Dataset {
 public:
  explicit FakeDataset(int vocabulary, int domains = 3) : vocabulary_(vocabulary) {
    for (int d = 0; d < domains; ++d) names_.push_back("stride " + std::to_string(d + 1));
    share_.assign(names_.size(), 1.0 / domains);
  }

  const data::Tokenizer& tokenizer() const override { throw std::logic_error("the fake dataset has no tokenizer"); }
  const std::vector<std::string>& domains() const override { return names_; }
  const std::vector<double>& corpus_share() const override { return share_; }
  std::uint64_t train_tokens() const override { return 0; }

  void batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context,
             data::Batch& out) const override {
    out.rows = rows;
    out.context = context;
    out.inputs.clear();
    out.targets.clear();
    out.domains.clear();
    const RandomStream stream(seed, Purpose::batch, step, static_cast<std::uint32_t>(micro));
    for (int row = 0; row < rows; ++row) {
      const auto i = static_cast<std::uint64_t>(row) * 2;
      const int domain = static_cast<int>(stream.below(i, names_.size()));
      int token = static_cast<int>(stream.below(i + 1, static_cast<std::uint64_t>(vocabulary_)));
      for (int s = 0; s < context; ++s) {
        out.inputs.push_back(token);
        token = (token + domain + 1) % vocabulary_;
        out.targets.push_back(token);
        out.domains.push_back(domain);
      }
    }
  }

  /// Windows of different lengths, the longest of context + 1 tokens.
  std::vector<data::Window> held_out(int domain, int count, int context) const override {
    std::vector<data::Window> out;
    for (int w = 0; w < count; ++w) {
      data::Window window{domain, static_cast<std::uint64_t>(w), {}};
      for (int s = 0; s <= context - (w % 3); ++s) window.tokens.push_back((7 * w + s * (domain + 1)) % vocabulary_);
      out.push_back(std::move(window));
    }
    return out;
  }

  double unigram_loss(int) const override { return 0; }
  std::string description() const override { return "walks"; }
  const std::vector<std::string>& notes() const override { return notes_; }

 private:
  int vocabulary_;
  std::vector<std::string> names_, notes_;
  std::vector<double> share_;
};

}  // namespace moe::test
