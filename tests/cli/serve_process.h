// SPDX-License-Identifier: Apache-2.0
// A `moe-cli serve` as tests drive it.
#pragma once
#include <QProcess>
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "tests/cli/cli_process.h"

namespace moe::test {

using nlohmann::json;

/// A `moe-cli serve`, one command at a time.
class Serve {
 public:
  Serve() { process_.start(program(), {"serve"}); }
  ~Serve() {
    process_.kill();
    process_.waitForFinished();
  }
  json ask(json command) {
    command["id"] = ++id_;
    process_.write(QByteArray::fromStdString(command.dump()) + '\n');
    for (;;) {
      json message = next();
      if (message.contains("id") && message.at("id") == id_) return message;
    }
  }
  json result(const json& command) {
    const json reply = ask(command);
    if (!reply.at("ok").get<bool>()) qFatal("%s", reply.dump().c_str());
    return reply.value("result", json());
  }
  /// The next event of that name; those before it are dropped.
  json event(const std::string& name) {
    for (;;) {
      const auto found =
          std::find_if(events_.begin(), events_.end(), [&](const json& e) { return e.at("event") == name; });
      if (found != events_.end()) {
        json event = *found;
        events_.erase(events_.begin(), found + 1);
        return event;
      }
      (void)next();
    }
  }
  void until_state(const std::string& state) {
    while (event("state").at("state") != state) {
    }
  }
  std::vector<json> take_events() { return std::exchange(events_, {}); }

 private:
  json next() {
    while (!process_.canReadLine())
      if (!process_.waitForReadyRead(60000))
        qFatal("serve says nothing: %s", process_.readAllStandardError().constData());
    json message = json::parse(process_.readLine().toStdString());
    if (message.contains("event")) events_.push_back(message);
    return message;
  }
  QProcess process_;
  std::vector<json> events_;
  int id_ = 0;
};

}  // namespace moe::test
