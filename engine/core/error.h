// SPDX-License-Identifier: Apache-2.0
// The one exception type. Every message says what happened, where, the limit that was crossed and one action.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace moe {

/// The kind decides the exit code of moe-cli (see exit_code) and the banner of the studio.
enum class ErrorKind {
  failure,    // 1  anything without a better name
  usage,      // 2  unknown command, option or setting; a value outside its range
  bad_input,  // 3  a file or data that cannot be used
  resource,   // 4  disk or memory
  device,     // 5  GPU
  diverged,   // 6  the loss or a weight became non-finite
  locked,     // 7  another program holds the run
};

/// Exit code of a kind, as documented in `moe-cli --help`.
int exit_code(ErrorKind kind);
/// Stable word of a kind, as it appears in the protocol: "usage", "bad_input" ...
const char* kind_name(ErrorKind kind);

class Error : public std::runtime_error {
 public:
  /// `what`: one sentence. `where`: file, byte offset, setting key or tensor; may be empty. `limit`: what would be
  /// accepted; may be empty. `action`: the one thing to do next; may be empty.
  Error(ErrorKind kind, std::string what, std::string where = {}, std::string limit = {}, std::string action = {});

  ErrorKind kind() const { return kind_; }
  const std::string& summary() const { return summary_; }
  const std::string& where() const { return where_; }
  const std::string& limit() const { return limit_; }
  const std::string& action() const { return action_; }

 private:
  ErrorKind kind_;
  std::string summary_, where_, limit_, action_;
};

/// A fault of the device after which every call of this process would fail: only a new process can go on.
class DeviceLost : public Error {
 public:
  DeviceLost(std::string what, std::string where, std::string limit, std::string action)
      : Error(ErrorKind::device, std::move(what), std::move(where), std::move(limit), std::move(action)) {}
};

}  // namespace moe
