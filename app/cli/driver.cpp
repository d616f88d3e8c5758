// SPDX-License-Identifier: Apache-2.0
#include "app/cli/driver.h"

#include "engine/train/session_emit.h"

namespace moe::cli {

Error to_error(const protocol::ErrorInfo& info) {
  return {train::kind_of(info), info.what, info.where, info.limit, info.action};
}

Driver::Driver(std::function<void(const OrderedJson&)> on_event)
    : on_event_(std::move(on_event)), session_([this](const train::Outgoing& outgoing) { receive(outgoing); }) {}

void Driver::receive(const train::Outgoing& outgoing) {
  const OrderedJson& message = outgoing.message;
  if (!message.contains("event")) {
    const std::lock_guard lock(mutex_);
    replies_[message.at("id").get<int>()] = message;
    replied_.notify_all();
    return;
  }
  if (message.at("event") == "error") {
    const std::lock_guard lock(mutex_);
    trouble_ = protocol::error_from_json(message);
  }
  on_event_(message);
}

void Driver::send(Json command) {
  {
    const std::lock_guard lock(mutex_);
    command["id"] = next_id_++;
  }
  session_.submit(command);
}

OrderedJson Driver::ask(Json command) {
  int id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = next_id_++;
  }
  command["id"] = id;
  session_.submit(command);
  std::unique_lock lock(mutex_);
  replied_.wait(lock, [&] { return replies_.contains(id); });
  const OrderedJson reply = std::move(replies_[id]);
  replies_.erase(id);
  if (reply.at("ok") == true) return reply.value("result", OrderedJson());
  throw to_error(protocol::error_from_json(reply.at("error")));
}

std::optional<protocol::ErrorInfo> Driver::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

}  // namespace moe::cli
