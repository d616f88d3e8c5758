// SPDX-License-Identifier: Apache-2.0
// What the trainer needs of data: batches that are a pure function of (seed, step), and held-out windows.
#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/data/task_data.h"
#include "engine/data/tokenizer.h"

namespace moe::data {

/// Called while a corpus is read: bytes done and in all (0 = unknown), documents so far. Return false to cancel.
struct Progress {
  std::string stage;  // "reading", "training tokenizer", "tokenizing"
  std::uint64_t done = 0, total = 0, documents = 0;
};
using ProgressFn = std::function<bool(const Progress&)>;

/// One batch of next-token prediction. B rows of S positions, row-major.
struct Batch {
  int rows = 0, context = 0;
  std::vector<std::int32_t> inputs;   // [B*S] token ids
  std::vector<std::int32_t> targets;  // [B*S] inputs shifted by one
  std::vector<std::int32_t> domains;  // [B*S] label of each position
};

/// A held-out window: at most S+1 tokens of one document.
struct Window {
  int domain = 0;
  std::uint64_t document = 0;
  std::vector<std::int32_t> tokens;  // up to S+1
};

class Dataset : public TaskData {
 public:
  const Dataset* text() const override { return this; }
  virtual const Tokenizer& tokenizer() const = 0;
  /// Training tokens; 0 means endless (generated).
  virtual std::uint64_t train_tokens() const = 0;
  /// Fills `out` with the batch of (seed, step, micro): the same arguments give the same bits, in any order of calls.
  virtual void batch(std::uint64_t seed, std::uint64_t step, int micro, int rows, int context, Batch& out) const = 0;
  /// The first `count` held-out windows of a domain, always the same; never from a document that trains.
  virtual std::vector<Window> held_out(int domain, int count, int context) const = 0;
  /// Entropy (nats per token) of the unigram distribution fitted on a sample of training tokens, measured on the
  /// held-out tokens of `domain`: the loss of a model that knows only frequencies. NaN when nothing is held out.
  virtual double unigram_loss(int domain) const = 0;
};

struct DatasetOptions {
  std::filesystem::path path;  // empty: the embedded generator
  std::filesystem::path
      cache_dir;  // where the token cache and tokenizer.model of a user's corpus are kept (the run folder)
  int vocabulary = 1024;
  int context = 128;  // needed to refuse data that is shorter
  double validation_fraction = 0.05;
  std::uint64_t seed = 1;  // of the generator's held-out stream and of the document split
  // Use this model instead of training one, as when other data is put to a trained run; empty: train or reuse.
  std::filesystem::path tokenizer_model;
  // On resume the cache is the truth: a valid one is used even when the source has changed or is gone.
  bool trust_cache = false;
};

/// Opens or builds the dataset. Reuses `cache_dir`/tokenizer.model and the token cache when they are valid and belong
/// to the same source. Throws Error(bad_input | resource | usage).
std::unique_ptr<Dataset> open_dataset(const DatasetOptions& options, const ProgressFn& progress = {});

}  // namespace moe::data
