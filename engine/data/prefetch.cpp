// SPDX-License-Identifier: Apache-2.0
#include "engine/data/prefetch.h"

#include <utility>

namespace moe::data {

Prefetcher::Prefetcher(const Dataset& dataset, std::uint64_t seed, int rows, int context, int micro_batches)
    : dataset_(dataset), seed_(seed), rows_(rows), context_(context), micro_batches_(micro_batches) {
  thread_ = std::thread([this] { work(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || state_ == State::asked; });
    if (stop_) return;
    const Key key = key_;
    lock.unlock();
    std::exception_ptr error;
    try {
      dataset_.batch(seed_, key.step, key.micro, rows_, context_, next_);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    state_ = State::ready;
    changed_.notify_all();
  }
}

const Batch& Prefetcher::get(std::uint64_t step, int micro) {
  const Key wanted{step, micro};
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return state_ != State::asked; });
  if (state_ == State::ready && key_ == wanted) {
    state_ = State::idle;
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    std::swap(current_, next_);
  } else {
    state_ = State::idle;
    dataset_.batch(seed_, step, micro, rows_, context_, current_);
  }
  key_ = micro + 1 < micro_batches_ ? Key{step, micro + 1} : Key{step + 1, 0};
  state_ = State::asked;
  changed_.notify_all();
  return current_;
}

}  // namespace moe::data
