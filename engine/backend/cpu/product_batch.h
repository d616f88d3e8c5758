// SPDX-License-Identifier: Apache-2.0
// Several matrix products cut into tasks of fixed size, so that the partition (and with it every bit of the result)
// does not depend on the number of threads, and small products fill the gaps beside large ones.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/backend/cpu/gemm.h"

namespace moe::cpu {

inline std::int64_t round_up(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit * unit; }

/// A list of things with a number of tasks each; finds the thing and the local task of a running number.
template <class Item>
class TaskList {
 public:
  void clear() { items_.clear(), ends_.clear(); }
  void add(const Item& item, std::int64_t tasks) {
    if (tasks <= 0) return;
    items_.push_back(item);
    ends_.push_back(size() + tasks);
  }
  std::int64_t size() const { return ends_.empty() ? 0 : ends_.back(); }

  template <class Body>
  void run(ThreadPool& pool, Body&& body) const {
    pool.parallel_for(size(), [&](std::int64_t task) {
      const auto i = static_cast<std::size_t>(std::upper_bound(ends_.begin(), ends_.end(), task) - ends_.begin());
      body(items_[i], i ? task - ends_[i - 1] : task);
    });
  }

  /// body(thing, local task) in order, on the calling thread.
  template <class Body>
  void for_each(Body&& body) const {
    for (std::size_t i = 0; i < items_.size(); ++i)
      for (std::int64_t task = 0, tasks = ends_[i] - (i ? ends_[i - 1] : 0); task < tasks; ++task)
        body(items_[i], task);
  }

 private:
  std::vector<Item> items_;
  std::vector<std::int64_t> ends_;  // running number after the last task of each item
};

/// Products over blocks of rows and columns of the result; each block is one library call over the whole of k.
template <class In, class Out = In, class Left = In>
class ProductBatch {
 public:
  static constexpr std::int64_t kRowBlock = 128, kColumnBlock = 1024;

  void clear() { list_.clear(); }
  void add(const Gemm<In, Out, Left>& g) { list_.add(g, blocks(g.m, kRowBlock) * blocks(g.n, kColumnBlock)); }

  /// kernel(const Gemm<In, Out, Left>& block) for every block.
  template <class Kernel>
  void run(ThreadPool& pool, Kernel&& kernel) const {
    list_.run(pool, [&](const Gemm<In, Out, Left>& g, std::int64_t task) { kernel(block_of(g, task)); });
  }
  /// The same in order, on the calling thread.
  template <class Body>
  void for_each(Body&& body) const {
    list_.for_each([&](const Gemm<In, Out, Left>& g, std::int64_t task) { body(block_of(g, task)); });
  }

 private:
  static Gemm<In, Out, Left> block_of(const Gemm<In, Out, Left>& g, std::int64_t task) {
    const std::int64_t columns = blocks(g.n, kColumnBlock);
    const std::int64_t row = task / columns * kRowBlock, column = task % columns * kColumnBlock;
    Gemm<In, Out, Left> block = g;
    block.m = std::min(kRowBlock, g.m - row);
    block.n = std::min(kColumnBlock, g.n - column);
    block.a += g.transpose_a ? row : row * g.lda;
    block.b += g.transpose_b ? column * g.ldb : column;
    block.c += row * g.ldc + column;
    return block;
  }
  static std::int64_t blocks(std::int64_t n, std::int64_t block) { return (n + block - 1) / block; }
  TaskList<Gemm<In, Out, Left>> list_;
};

}  // namespace moe::cpu
