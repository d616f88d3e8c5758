// SPDX-License-Identifier: Apache-2.0
// Events and replies as the protocol words them. Internal to the session.
#pragma once
#include <exception>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/protocol/messages.h"
#include "engine/train/session.h"

namespace moe::train {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

/// `body` with the field "event" in front.
OrderedJson make_event(const char* name, OrderedJson body);

/// Whether a DeviceLost was described: only a new process can compute on.
bool device_lost();

/// What an exception means to the other side; anything that is not an Error is a failure, no memory is a resource.
protocol::ErrorInfo describe(const std::exception_ptr& error, std::int64_t safe_step = -1);
/// Kind of a described error; `failure` for an unknown word.
ErrorKind kind_of(const protocol::ErrorInfo& info);

/// Sends events to a sink.
class Emitter {
 public:
  explicit Emitter(Sink sink) : sink_(std::move(sink)) {}
  void event(const char* name, OrderedJson body) const { sink_({make_event(name, std::move(body)), false, {}}); }
  void step(const StepReport& report) const { sink_({make_event("step", protocol::to_json(report)), true, {}}); }
  void progress(OrderedJson body) const { sink_({make_event("progress", std::move(body)), false, "progress"}); }
  void probe(OrderedJson body) const { sink_({make_event("probe", std::move(body)), false, "probe"}); }
  void plane(OrderedJson body) const { sink_({make_event("plane", std::move(body)), false, "plane"}); }
  void reply(const Json& id, std::int64_t step, OrderedJson result) const;
  void refuse(const Json& id, std::int64_t step, const protocol::ErrorInfo& error) const;

 private:
  Sink sink_;
};

}  // namespace moe::train
