// SPDX-License-Identifier: Apache-2.0
// The threads of one block of a kernel, as fibers of one host thread: barriers and warp exchanges really wait, and a
// barrier that only some threads reach is an error instead of a hang.
#pragma once
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

#include <ucontext.h>

#include "tests/support/cuda_emulation/launch_types.h"

namespace emulation {

/// What a kernel did that a device would answer with a hang, a race or a fault.
class KernelError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// Shared memory of one declaration: poisoned at the start of every block, with who touched each element last.
struct SharedBlock {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t count = 0, size = 0;  // elements, bytes
  std::string name;
  struct Touch {
    std::int32_t writer = -1, reader = -1;  // −2: several readers
    std::uint64_t written = 0, read = 0;    // epoch, the number of barriers passed
    bool in_flight = false;                 // an asynchronous copy has yet to deliver it
  };
  std::vector<Touch> touched;
  void written_by(std::size_t i, int thread, std::uint64_t epoch);
  void read_by(std::size_t i, int thread, std::uint64_t epoch);
};

class Block {
 public:
  /// The block that the calling fiber belongs to.
  static Block& current();

  /// Runs `body` once per thread of every block of the grid, block after block.
  static void run_grid(dim3 grid, dim3 block, const std::function<void()>& body);

  void barrier(std::source_location where);
  /// Publishes `bytes` of this lane and waits for the whole warp; returns the values of all 32 lanes.
  const std::byte* exchange(const void* value, std::size_t bytes, std::source_location where);
  static constexpr std::size_t kSlot = 32;

  /// Element i of a shared array becomes the `size` bytes at `from`, or zeros for null, when this thread waits for the
  /// group of copies that its next commit closes.
  void copy_later(SharedBlock& to, std::size_t i, std::size_t size, const void* from);
  void commit_copies();
  /// Delivers all groups but the last `left`.
  void wait_copies(int left);

  SharedBlock& shared(const void* site, std::size_t count, std::size_t size, const char* name);
  int thread() const { return running_; }
  std::uint64_t epoch() const { return epoch_; }
  /// Ends the block with an error; does not return.
  [[noreturn]] void fail(const std::string& what);

 private:
  enum class State { ready, at_barrier, in_warp, done };
  struct Copy {
    SharedBlock* to;
    std::size_t i, size;
    const void* from;
    int group;
  };
  struct Fiber {
    ucontext_t start{};
    jmp_buf point{};
    std::unique_ptr<char[]> stack;
    void* fake_stack = nullptr;
    State state = State::done;
    bool started = false;
    std::source_location where;
    std::vector<Copy> copies;  // on their way
    int committed = 0;         // groups of them
  };
  struct Warp {
    int arrived = 0;
    std::uint64_t round = 0;
    std::source_location where;
    alignas(16) std::byte lanes_of[2][32 * kSlot];
  };

  void run_block(const std::function<void()>& body);
  void enter(Fiber& fiber);
  void resume(int thread);
  void suspend();
  [[noreturn]] static void entry();
  std::string stuck() const;
  void place(int thread);

  std::deque<Fiber> fibers_;  // a context points into itself and must not move
  std::vector<Warp> warps_;
  std::vector<std::pair<const void*, std::unique_ptr<SharedBlock>>> shared_;
  const std::function<void()>* body_ = nullptr;
  int threads_ = 0, running_ = -1, arrived_ = 0;
  std::uint64_t epoch_ = 1;
  std::source_location barrier_at_;
  std::string error_;
  ucontext_t scheduler_{};
  jmp_buf scheduler_point_{};
  const void* scheduler_stack_ = nullptr;
  std::size_t scheduler_size_ = 0;
  void* scheduler_fake_ = nullptr;
};

}  // namespace emulation
