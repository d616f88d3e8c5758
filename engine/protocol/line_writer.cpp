// SPDX-License-Identifier: Apache-2.0
#include "engine/protocol/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace moe::protocol {

LineWriter::LineWriter(int descriptor, std::size_t limit)
    : descriptor_(descriptor), limit_(std::max<std::size_t>(limit, 1)), thread_([this] { work(); }) {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    give_up_at_ = std::chrono::steady_clock::now() + kGrace;
  }
  wake_.notify_all();
  room_.notify_all();
  thread_.join();
}

void LineWriter::forget(Queue::iterator item) {
  if (item->droppable) std::erase(droppable_, item);
  if (!item->latest_of.empty()) latest_.erase(item->latest_of);
  queue_.erase(item);
}

void LineWriter::push(nlohmann::ordered_json message, bool droppable, const std::string& latest_of) {
  {
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    if (const auto old = latest_.find(latest_of); !latest_of.empty() && old != latest_.end()) forget(old->second);
    if (queue_.size() >= limit_ && (droppable || !droppable_.empty())) {
      ++dropped_;
      if (droppable_.empty()) return;  // only lines that must stay are waiting: the new one is the oldest step
      queue_.erase(droppable_.front());
      droppable_.pop_front();
    }
    const auto item = queue_.insert(queue_.end(), Item{std::move(message), droppable, latest_of});
    if (droppable) droppable_.push_back(item);
    if (!latest_of.empty()) latest_[latest_of] = item;
  }
  wake_.notify_one();
}

bool LineWriter::wait_for_room(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return queue_.size() - droppable_.size() <= limit_; };
  room_.wait_for(lock, at_most, [&] { return broken_ || has_room(); });
  return !broken_ && has_room();
}

bool LineWriter::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

std::uint64_t LineWriter::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

// Polls in short turns so that closing is noticed while the reader has stopped. False: give up.
bool LineWriter::may_write() {
  for (;;) {
    pollfd request{descriptor_, POLLOUT, 0};
    const int ready = ::poll(&request, 1, 100);
    if (ready > 0) return (request.revents & (POLLERR | POLLNVAL)) == 0;
    if (ready < 0 && errno != EINTR) return false;
    const std::lock_guard lock(mutex_);
    if (closing_ && std::chrono::steady_clock::now() >= give_up_at_) return false;
  }
}

// A pipe that polls writable takes PIPE_BUF bytes without blocking, so no write is longer than that.
bool LineWriter::write_all(const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (!may_write()) return false;
    const std::size_t chunk = std::min<std::size_t>(bytes.size() - done, PIPE_BUF);
    const ssize_t written = ::write(descriptor_, bytes.data() + done, chunk);
    if (written > 0)
      done += static_cast<std::size_t>(written);
    else if (written < 0 && errno != EINTR && errno != EAGAIN)
      return false;
  }
  return true;
}

void LineWriter::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const auto first = queue_.begin();
    Item item = std::move(*first);
    if (item.droppable) droppable_.pop_front();  // droppable_ is in queue order
    if (!item.latest_of.empty()) latest_.erase(item.latest_of);
    queue_.erase(first);
    lock.unlock();
    room_.notify_all();
    const bool written =
        write_all(item.message.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
    lock.lock();
    if (written) continue;
    broken_ = true;
    queue_.clear();
    droppable_.clear();
    latest_.clear();
    room_.notify_all();
    wake_.wait(lock, [this] { return closing_; });
    return;
  }
}

}  // namespace moe::protocol
