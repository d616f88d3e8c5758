// SPDX-License-Identifier: Apache-2.0
// Owners of device memory: Buffer for what lives long (parameters, moments), Arena for what lives one step.
#pragma once
#include <cstddef>
#include <vector>

#include "engine/core/tensor.h"

namespace moe {

/// Where memory comes from; every backend is one. Blocks are aligned to 64 bytes; out of memory is Error(resource).
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual void* allocate(std::size_t bytes) = 0;
  virtual void free(void* block, std::size_t bytes) = 0;
};

/// Sole owner of one dense array. Contents are undefined until written.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Allocator& allocator, DType dtype, Shape shape);
  ~Buffer() { release(); }
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }

  View view() const { return view_; }
  explicit operator bool() const { return allocator_ != nullptr; }

 private:
  void swap(Buffer& other) noexcept;
  void release();
  Allocator* allocator_ = nullptr;
  View view_;
};

/// A stack of activations, emptied at once by reset(). It grows by whole blocks while a step is larger than any before
/// and then stays: after the first steps, take() is a pointer increment.
class Arena {
 public:
  explicit Arena(Allocator& allocator) : allocator_(allocator) {}
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// An array of undefined contents, aligned to 64 bytes, valid until the next reset().
  View take(DType dtype, const Shape& shape);
  /// Ends the life of every view taken. When the step needed several blocks they become one of their total size.
  void reset();

  std::size_t used() const { return used_; }              // bytes taken since reset()
  std::size_t high_water() const { return high_water_; }  // the most ever used
  std::size_t capacity() const;                           // bytes held

 private:
  struct Block {
    std::byte* data;
    std::size_t size;
  };
  void add_block(std::size_t bytes);
  void free_blocks();

  Allocator& allocator_;
  std::vector<Block> blocks_;
  std::size_t offset_ = 0;  // in blocks_.back()
  std::size_t used_ = 0, high_water_ = 0;
};

}  // namespace moe
