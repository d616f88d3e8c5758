// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cpu/loss.h"

#include <cmath>

#include "engine/backend/cpu/rows.h"

namespace moe::cpu {
namespace {

/// Loss of one row; dlogits (may be null, may be the logits) = scale·(softmax − onehot).
template <class T>
T cross_entropy_row(T* dlogits, const T* logits, std::int64_t v, std::int32_t target, T scale) {
  if (target < 0) {
    if (dlogits) std::fill(dlogits, dlogits + v, T(0));
    return 0;
  }
  const T largest = row_max(logits, v);
  const T chosen = logits[target];  // read before dlogits may overwrite it
  const T sum = dlogits ? exp_row(dlogits, logits, largest, v) : sum_exp_row(logits, largest, v);
  if (dlogits) {
    scale_row(dlogits, scale / sum, v);
    dlogits[target] -= scale;
  }
  return std::log(sum) + (largest - chosen);
}

}  // namespace

void CpuLoss::cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) {
  with_real(logits.dtype, [&]<class T>() {
    const std::int64_t v = logits.dim(1);
    runtime_.for_ranges(logits.dim(0), row_grain(v), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t)
        loss.as<T>()[t] = cross_entropy_row(dlogits ? dlogits.as<T>() + t * v : nullptr, logits.as<T>() + t * v, v,
                                            targets.as<std::int32_t>()[t], static_cast<T>(scale));
    });
  });
}

void CpuLoss::squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) {
  with_real(y.dtype, [&]<class T>() {
    const std::int64_t c = y.dim(1);
    const T twice = static_cast<T>(2 * scale);
    runtime_.for_ranges(y.dim(0), row_grain(c), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t t = begin; t < end; ++t) {
        T sum = 0;
        for (std::int64_t i = t * c; i < (t + 1) * c; ++i) {
          const T error = y.as<T>()[i] - targets.as<T>()[i];
          sum += error * error;
          if (dy) dy.as<T>()[i] = twice * error;
        }
        loss.as<T>()[t] = sum;
      }
    });
  });
}

}  // namespace moe::cpu
