// SPDX-License-Identifier: Apache-2.0
// Writes JSON lines to a file descriptor on its own thread. A slow or stopped reader never blocks a sender: beyond the
// limit the oldest droppable lines (steps) are dropped, and of a latest-value-wins key only the newest line is kept.
#pragma once
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

namespace moe::protocol {

class LineWriter {
 public:
  /// `descriptor` stays the caller's and open until the writer is gone; `limit`: lines that may wait.
  explicit LineWriter(int descriptor, std::size_t limit = 8192);
  /// Writes what is left, for at most `kGrace`, then gives up on a reader that has stopped.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  /// Queues one line and returns at once. `latest_of`: replaces a waiting line of the same key; empty = none.
  void push(nlohmann::ordered_json message, bool droppable, const std::string& latest_of = {});
  /// Waits while more than `limit` lines wait that may not be dropped: for the reader of commands, so that a peer that
  /// sends and never reads cannot fill the memory. Returns whether there is room.
  bool wait_for_room(std::chrono::milliseconds at_most);
  /// The reader has closed its end (EPIPE) or the write failed: lines are thrown away from then on.
  bool broken() const;
  std::uint64_t dropped() const;

  static constexpr std::chrono::milliseconds kGrace{2000};

 private:
  struct Item {
    nlohmann::ordered_json message;
    bool droppable = false;
    std::string latest_of;
  };
  using Queue = std::list<Item>;

  void work();
  void forget(Queue::iterator item);
  bool write_all(const std::string& bytes);
  bool may_write();

  const int descriptor_;
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, room_;
  Queue queue_;
  std::deque<Queue::iterator> droppable_;
  std::map<std::string, Queue::iterator> latest_;
  std::uint64_t dropped_ = 0;
  bool closing_ = false, broken_ = false;
  std::chrono::steady_clock::time_point give_up_at_{};
  std::thread thread_;
};

}  // namespace moe::protocol
