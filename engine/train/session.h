// SPDX-License-Identifier: Apache-2.0
// A run in progress: owns the training thread, the run folder and the command queue. `moe-cli train` and
// `moe-cli serve` drive the very same object.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace moe::train {

/// Receives replies and events as JSON objects (protocol/README.md) on the session's threads; must not block.
/// `droppable`: a step event, may be dropped by a full queue; `latest_of`: key of a latest-value-wins event, or empty.
struct Outgoing {
  nlohmann::ordered_json message;
  bool droppable = false;
  std::string latest_of;
};
using Sink = std::function<void(Outgoing)>;

class Session {
 public:
  explicit Session(Sink sink);
  ~Session();  // pauses, checkpoints what is unsaved, joins
  /// Any command of the protocol; returns at once, the reply goes to the sink. Thread-safe.
  void submit(const nlohmann::json& command);
  /// Blocks until the run is paused, finished, failed or empty.
  void wait_until_idle();
  /// Blocks until every submitted command has been replied to.
  void drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moe::train
