// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/check.h"

#include "engine/core/error.h"

namespace moe::ops {

void fail(const char* op, const char* rule) {
  throw Error(ErrorKind::failure, "an operation was given arrays that do not fit together", op, rule);
}

}  // namespace moe::ops
