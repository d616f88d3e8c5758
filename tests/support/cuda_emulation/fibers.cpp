// SPDX-License-Identifier: Apache-2.0
#include "tests/support/cuda_emulation/fibers.h"

#include <cstring>

#include "tests/support/cuda_emulation/control.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define EMULATION_ASAN 1
#else
#define EMULATION_ASAN 0
#endif

namespace emulation {
namespace {

constexpr std::size_t kStack = std::size_t{256} << 10;

thread_local Block* current_block = nullptr;

std::string place_name(const std::source_location& where) {
  return std::string(where.file_name()) + ":" + std::to_string(where.line());
}

/// Ends a thread that did something wrong; the scheduler throws the error.
struct Abandoned {};

constexpr bool reversed(std::uint32_t mode) { return mode != 0; }

}  // namespace

void SharedBlock::written_by(std::size_t i, int thread, std::uint64_t epoch) {
  Touch& t = touched[i];
  if (t.in_flight)
    Block::current().fail("write to shared " + name + "[" + std::to_string(i) + "] while a copy to it is on its way");
  const bool other_write = t.written == epoch && t.writer != thread;
  const bool other_read = t.read == epoch && t.reader != thread;
  if (other_write || other_read)
    Block::current().fail("race on shared " + name + "[" + std::to_string(i) + "]: thread " + std::to_string(thread) +
                          " writes what another thread has " + (other_write ? "written" : "read") +
                          " since the last barrier");
  t.writer = thread, t.written = epoch;
}

void SharedBlock::read_by(std::size_t i, int thread, std::uint64_t epoch) {
  Touch& t = touched[i];
  if (t.in_flight)
    Block::current().fail("read of unwritten shared " + name + "[" + std::to_string(i) +
                          "]: a copy to it is on its way");
  if (t.written == 0) Block::current().fail("read of unwritten shared " + name + "[" + std::to_string(i) + "]");
  if (t.written == epoch && t.writer != thread)
    Block::current().fail("race on shared " + name + "[" + std::to_string(i) + "]: thread " + std::to_string(thread) +
                          " reads what thread " + std::to_string(t.writer) + " has written since the last barrier");
  if (t.read != epoch)
    t.reader = thread, t.read = epoch;
  else if (t.reader != thread)
    t.reader = -2;
}

Block& Block::current() {
  if (!current_block) throw KernelError("device code called outside of a kernel");
  return *current_block;
}

void Block::run_grid(dim3 grid, dim3 block, const std::function<void()>& body) {
  static thread_local Block reused;
  if (block.x * block.y * block.z == 0 || block.x * block.y * block.z > 1024 || grid.x == 0 || grid.y == 0 ||
      grid.z == 0 || grid.y > 65535 || grid.z > 65535)
    throw KernelError("launch of an impossible grid");
  if (block.x % 32 != 0 || block.y != 1 || block.z != 1)
    throw KernelError("blocks here are whole warps in one dimension");
  gridDim = grid, blockDim = block;
  reused.threads_ = static_cast<int>(block.x);
  const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
  for (std::uint64_t i = 0; i < blocks; ++i) {
    const std::uint64_t b = reversed(order()) ? blocks - 1 - i : i;
    blockIdx = {static_cast<unsigned>(b % grid.x), static_cast<unsigned>(b / grid.x % grid.y),
                static_cast<unsigned>(b / grid.x / grid.y)};
    reused.run_block(body);
  }
}

void Block::run_block(const std::function<void()>& body) {
  body_ = &body;
  current_block = this;
  const auto n = static_cast<std::size_t>(threads_);
  while (fibers_.size() < n) fibers_.emplace_back().stack = std::make_unique_for_overwrite<char[]>(kStack);
  warps_.resize(n / 32);
  for (Warp& warp : warps_) warp.arrived = 0;
  shared_.clear();
  arrived_ = 0;
  error_.clear();
  for (std::size_t i = 0; i < n; ++i) {
    fibers_[i].state = State::ready;
    fibers_[i].copies.clear();
    fibers_[i].committed = 0;
  }
  int left = threads_;
  while (left > 0 && error_.empty()) {
    bool progress = false;
    for (int i = 0; i < threads_ && error_.empty(); ++i) {
      const int t = reversed(order()) ? threads_ - 1 - i : i;
      Fiber& fiber = fibers_[static_cast<std::size_t>(t)];
      if (fiber.state != State::ready) continue;
      progress = true;
      resume(t);
      if (error_.empty() && fiber.state == State::done) --left;
    }
    if (!progress && error_.empty()) error_ = stuck();
  }
  current_block = nullptr;
  if (error_.empty()) return;
  for (Fiber& fiber : fibers_)
    if (fiber.state != State::done) fiber.started = false;  // it still waits somewhere, and is left there
  throw KernelError(error_);
}

void Block::place(int thread) {
  running_ = thread;
  threadIdx = {static_cast<unsigned>(thread), 0, 0};
}

/// Goes to the fiber: where it left, or to its beginning. Does not come back here but to the scheduler's point.
void Block::enter(Fiber& fiber) {
  const bool first = !fiber.started;
  fiber.started = true;
#if !EMULATION_ASAN
  if (!first) _longjmp(fiber.point, 1);
#endif
  if (first) {
    getcontext(&fiber.start);
    fiber.start.uc_stack.ss_sp = fiber.stack.get();
    fiber.start.uc_stack.ss_size = kStack;
    fiber.start.uc_link = nullptr;
    makecontext(&fiber.start, reinterpret_cast<void (*)()>(&Block::entry), 0);
  }
#if EMULATION_ASAN
  __sanitizer_start_switch_fiber(&scheduler_fake_, fiber.stack.get(), kStack);
  swapcontext(&scheduler_, &fiber.start);
  __sanitizer_finish_switch_fiber(scheduler_fake_, nullptr, nullptr);
#else
  setcontext(&fiber.start);
#endif
}

void Block::resume(int thread) {
  place(thread);
#if EMULATION_ASAN
  enter(fibers_[static_cast<std::size_t>(thread)]);
#else
  if (_setjmp(scheduler_point_) == 0) enter(fibers_[static_cast<std::size_t>(thread)]);
#endif
}

/// Back to the scheduler, until it resumes this fiber.
void Block::suspend() {
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
#if EMULATION_ASAN
  __sanitizer_start_switch_fiber(&fiber.fake_stack, scheduler_stack_, scheduler_size_);
  swapcontext(&fiber.start, &scheduler_);
  __sanitizer_finish_switch_fiber(fiber.fake_stack, &scheduler_stack_, &scheduler_size_);
#else
  if (_setjmp(fiber.point) == 0) _longjmp(scheduler_point_, 1);
#endif
}

void Block::entry() {
  Block& self = *current_block;
#if EMULATION_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &self.scheduler_stack_, &self.scheduler_size_);
#endif
  for (;;) {  // one thread of a block after another: starting a fiber costs more than a short thread
    try {
      (*self.body_)();
    } catch (const Abandoned&) {
    }
    self.fibers_[static_cast<std::size_t>(self.running_)].state = State::done;
    self.suspend();
  }
}

void Block::fail(const std::string& what) {
  error_ = what + " (block " + std::to_string(blockIdx.x) + "," + std::to_string(blockIdx.y) + "," +
           std::to_string(blockIdx.z) + ", thread " + std::to_string(running_) + ")";
  throw Abandoned();
}

void Block::barrier(std::source_location where) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
  if (arrived_ == 0) barrier_at_ = where;
  if (where.line() != barrier_at_.line() || std::strcmp(where.file_name(), barrier_at_.file_name()) != 0)
    fail("divergent barriers: " + place_name(barrier_at_) + " and " + place_name(where));
  if (++arrived_ == threads_) {
    arrived_ = 0;
    ++epoch_;
    for (int t = 0; t < threads_; ++t) fibers_[static_cast<std::size_t>(t)].state = State::ready;
    return;
  }
  fiber.state = State::at_barrier;
  fiber.where = where;
  suspend();
}

const std::byte* Block::exchange(const void* value, std::size_t bytes, std::source_location where) {
  if (bytes > kSlot) fail("a warp exchange of more than 32 bytes");
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
  Warp& warp = warps_[static_cast<std::size_t>(running_ / 32)];
  std::byte* lanes_of = warp.lanes_of[warp.round % 2];
  if (warp.arrived == 0) warp.where = where;
  if (where.line() != warp.where.line())
    fail("divergent warp exchange: " + place_name(warp.where) + " and " + place_name(where));
  std::memcpy(lanes_of + static_cast<std::size_t>(running_ % 32) * kSlot, value, bytes);
  if (++warp.arrived == 32) {
    warp.arrived = 0;
    ++warp.round;
    for (int t = running_ / 32 * 32; t < running_ / 32 * 32 + 32; ++t)
      fibers_[static_cast<std::size_t>(t)].state = State::ready;
    return lanes_of;
  }
  fiber.state = State::in_warp;
  fiber.where = where;
  suspend();
  return lanes_of;
}

void Block::copy_later(SharedBlock& to, std::size_t i, std::size_t size, const void* from) {
  if (reinterpret_cast<std::uintptr_t>(from) % size != 0) fail("an asynchronous copy from an unaligned address");
  to.written_by(i, running_, epoch_);
  to.touched[i].in_flight = true;
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
  fiber.copies.push_back({&to, i, size, from, fiber.committed});
}

void Block::commit_copies() { ++fibers_[static_cast<std::size_t>(running_)].committed; }

void Block::wait_copies(int left) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(running_)];
  const auto arrives = [&](const Copy& copy) { return copy.group < fiber.committed - left; };
  for (const Copy& copy : fiber.copies) {
    if (!arrives(copy)) continue;
    copy.to->touched[copy.i].in_flight = false;
    copy.to->written_by(copy.i, running_, epoch_);
    std::byte* const to = copy.to->bytes.get() + copy.i * copy.size;
    if (copy.from)
      std::memcpy(to, copy.from, copy.size);
    else
      std::memset(to, 0, copy.size);
  }
  std::erase_if(fiber.copies, arrives);
}

SharedBlock& Block::shared(const void* site, std::size_t count, std::size_t size, const char* name) {
  for (auto& [at, block] : shared_)
    if (at == site) return *block;
  // As nvcc's __shared__ arrays: more has to be asked for at every launch.
  constexpr std::size_t kStatic = std::size_t{48} << 10;
  std::size_t total = count * size;
  for (const auto& [at, block] : shared_) total += block->size;
  if (total > kStatic) fail("more than 48 KiB of shared memory");
  auto block = std::make_unique<SharedBlock>();
  block->bytes = std::make_unique_for_overwrite<std::byte[]>(count * size);
  std::memset(block->bytes.get(), 0xFF, count * size);
  block->count = count, block->size = count * size;
  block->name = name;
  block->touched.resize(count);
  shared_.emplace_back(site, std::move(block));
  return *shared_.back().second;
}

std::string Block::stuck() const {
  std::string waiting;
  int ended = 0;
  for (int t = 0; t < threads_; ++t) {
    const Fiber& fiber = fibers_[static_cast<std::size_t>(t)];
    if (fiber.state == State::done)
      ++ended;
    else if (waiting.empty())
      waiting = std::string(fiber.state == State::at_barrier ? "a barrier" : "a warp exchange") + " at " +
                place_name(fiber.where);
  }
  return "divergence: a thread waits for " + waiting + " that others never reach; " + std::to_string(ended) + " of " +
         std::to_string(threads_) + " threads have ended";
}

}  // namespace emulation
