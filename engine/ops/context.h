// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "engine/backend/backend.h"

namespace moe::ops {

/// What an op runs on: the backend and the precision of matrix products.
struct Context {
  Backend& backend;
  MatmulPrecision precision = MatmulPrecision::native;
};

}  // namespace moe::ops
