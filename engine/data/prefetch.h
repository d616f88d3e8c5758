// SPDX-License-Identifier: Apache-2.0
// Prepares the next batch on its own thread while the trainer works on this one.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>

#include "engine/data/dataset.h"

namespace moe::data {

/// A batch is a pure function of (seed, step, micro), so preparing it early can never change a bit. One caller.
class Prefetcher {
 public:
  /// `dataset` must outlive this. `micro_batches`: calls of get() per step, in order 0, 1, ...; after the last one the
  /// first of the next step is prepared. Any other order works too, without the head start.
  Prefetcher(const Dataset& dataset, std::uint64_t seed, int rows, int context, int micro_batches = 1);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The batch of (step, micro); valid until the next call. Rethrows what Dataset::batch threw.
  const Batch& get(std::uint64_t step, int micro = 0);

 private:
  struct Key {
    std::uint64_t step = 0;
    int micro = 0;
    bool operator==(const Key&) const = default;
  };
  enum class State { idle, asked, ready };

  void work();

  const Dataset& dataset_;
  const std::uint64_t seed_;
  const int rows_, context_, micro_batches_;

  std::mutex mutex_;  // guards what follows, but `next_` belongs to the worker while state_ is asked
  std::condition_variable changed_;
  State state_ = State::idle;
  bool stop_ = false;
  Key key_;
  std::exception_ptr error_;
  Batch current_, next_;
  std::thread thread_;
};

}  // namespace moe::data
