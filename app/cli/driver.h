// SPDX-License-Identifier: Apache-2.0
// Drives a Session from the command line: asks and waits, and hands events on.
#pragma once
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>

#include "app/cli/cli.h"
#include "engine/core/error.h"
#include "engine/protocol/messages.h"
#include "engine/train/session.h"

namespace moe::cli {

class Driver {
 public:
  /// `on_event` runs on the session's thread, one event at a time.
  explicit Driver(std::function<void(const OrderedJson&)> on_event);

  /// Sends a command and waits for its result. Throws the Error it was refused with.
  OrderedJson ask(Json command);
  /// Sends a command without waiting for the reply. From any thread.
  void send(Json command);
  void wait_until_idle() { session_.wait_until_idle(); }
  /// The newest `error` event.
  std::optional<protocol::ErrorInfo> trouble() const;

 private:
  void receive(const train::Outgoing& outgoing);

  std::function<void(const OrderedJson&)> on_event_;
  mutable std::mutex mutex_;
  std::condition_variable replied_;
  std::map<int, OrderedJson> replies_;
  int next_id_ = 1;
  std::optional<protocol::ErrorInfo> trouble_;
  train::Session session_;  // last: its threads end before the rest goes
};

/// The Error that a refusal describes.
Error to_error(const protocol::ErrorInfo& info);

}  // namespace moe::cli
