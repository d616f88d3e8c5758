// SPDX-License-Identifier: Apache-2.0
#include "engine/core/tensor.h"

namespace moe {

const char* name_of(DType d) {
  switch (d) {
    case DType::f32:
      return "float32";
    case DType::f64:
      return "float64";
    case DType::bf16:
      return "bfloat16";
    case DType::i32:
      return "int32";
  }
  return "unknown";
}

}  // namespace moe
