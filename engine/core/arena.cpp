// SPDX-License-Identifier: Apache-2.0
#include "engine/core/arena.h"

#include <algorithm>
#include <utility>

namespace moe {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmallestBlock = std::size_t{1} << 20, kLargeBlock = std::size_t{1} << 22;

std::size_t round_up(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

Buffer::Buffer(Allocator& allocator, DType dtype, Shape shape) : view_(nullptr, dtype, shape) {
  view_.data = allocator.allocate(round_up(view_.bytes()));
  allocator_ = &allocator;
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(allocator_, other.allocator_);
  std::swap(view_, other.view_);
}

void Buffer::release() {
  if (allocator_) allocator_->free(view_.data, round_up(view_.bytes()));
}

Arena::~Arena() { free_blocks(); }

View Arena::take(DType dtype, const Shape& shape) {
  View view(nullptr, dtype, shape);
  const std::size_t bytes = std::max(round_up(view.bytes()), kAlignment);
  if (blocks_.empty() || offset_ + bytes > blocks_.back().size) add_block(bytes);
  view.data = blocks_.back().data + offset_;
  offset_ += bytes;
  used_ += bytes;
  high_water_ = std::max(high_water_, used_);
  return view;
}

void Arena::reset() {
  if (blocks_.size() > 1) {
    free_blocks();
    add_block(high_water_);
  }
  offset_ = used_ = 0;
}

std::size_t Arena::capacity() const {
  std::size_t bytes = 0;
  for (const auto& block : blocks_) bytes += block.size;
  return bytes;
}

void Arena::add_block(std::size_t bytes) {
  // Doubling while that is little, then by eighths: what a device has left must not decide whether a first step fits.
  const std::size_t held = capacity(), growth = std::min(held, std::max(held / 8, kLargeBlock));
  // Room for whole arrays of this size, as the next ones are like it.
  const std::size_t size = std::max(bytes * std::max<std::size_t>(growth / bytes, 1), kSmallestBlock);
  blocks_.push_back({nullptr, size});
  try {
    blocks_.back().data = static_cast<std::byte*>(allocator_.allocate(size));
  } catch (...) {
    blocks_.pop_back();
    throw;
  }
  offset_ = 0;
}

void Arena::free_blocks() {
  for (const auto& block : blocks_) allocator_.free(block.data, block.size);
  blocks_.clear();
}

}  // namespace moe
