// SPDX-License-Identifier: Apache-2.0
#include "engine/core/error.h"

namespace moe {
namespace {

// "what: where (limit). action", without the parts that are empty.
std::string compose(const std::string& what, const std::string& where, const std::string& limit,
                    const std::string& action) {
  std::string text = where.empty() ? what : where + ": " + what;
  if (!limit.empty()) text += " (" + limit + ")";
  if (!text.empty() && text.back() != '.') text += '.';
  if (!action.empty()) text += ' ' + action;
  if (text.back() != '.' && text.back() != '?') text += '.';
  return text;
}

}  // namespace

int exit_code(ErrorKind kind) { return static_cast<int>(kind) + 1; }

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::failure:
      return "failure";
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::bad_input:
      return "bad_input";
    case ErrorKind::resource:
      return "resource";
    case ErrorKind::device:
      return "device";
    case ErrorKind::diverged:
      return "diverged";
    case ErrorKind::locked:
      return "locked";
  }
  return "failure";
}

Error::Error(ErrorKind kind, std::string what, std::string where, std::string limit, std::string action)
    : std::runtime_error(compose(what, where, limit, action)),
      kind_(kind),
      summary_(std::move(what)),
      where_(std::move(where)),
      limit_(std::move(limit)),
      action_(std::move(action)) {}

}  // namespace moe
