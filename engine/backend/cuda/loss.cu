// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/loss.h"

#include "engine/backend/cuda/rows.h"

namespace moe::cuda {
namespace {

/// One group per row: largest, sum of exponentials, then the gradient. dlogits may be null, and may be the logits.
template <class T>
void cross_entropy_rows(Runtime& runtime, T* loss, T* dlogits, const T* logits, const std::int32_t* targets, T scale,
                        std::int64_t rows, std::int64_t v) {
  for_rows(runtime, rows, v, [=] __device__(std::int64_t t, auto group) {
    const std::int32_t target = targets[t];
    if (target < 0) {
      for (std::int64_t i = group.lane; dlogits && i < v; i += group.size) dlogits[t * v + i] = T(0);
      if (group.lane == 0) loss[t] = T(0);
      return;
    }
    T largest = minus_infinity<T>(), sum = 0, chosen = 0;
    for (std::int64_t i = group.lane; i < v; i += group.size) {
      const T x = logits[t * v + i];
      largest = x > largest ? x : largest;
      if (i == target) chosen = x;  // the other threads hold 0
    }
    largest = group.largest(largest);
    chosen = group.sum(chosen);
    for (std::int64_t i = group.lane; i < v; i += group.size) sum += exponential(logits[t * v + i] - largest);
    sum = group.sum(sum);
    if (dlogits) {
      const T factor = scale / sum;
      for (std::int64_t i = group.lane; i < v; i += group.size) {
        const T p = exponential(logits[t * v + i] - largest) * factor;
        dlogits[t * v + i] = i == target ? p - scale : p;
      }
    }
    if (group.lane == 0) loss[t] = logarithm(sum) + (largest - chosen);
  });
}

template <class T>
void squared_error_rows(Runtime& runtime, T* loss, T* dy, const T* y, const T* targets, T twice, std::int64_t rows,
                        std::int64_t c) {
  for_rows(runtime, rows, c, [=] __device__(std::int64_t t, auto group) {
    T sum = 0;
    for (std::int64_t i = t * c + group.lane; i < (t + 1) * c; i += group.size) {
      const T error = y[i] - targets[i];
      sum += error * error;
      if (dy) dy[i] = twice * error;
    }
    sum = group.sum(sum);
    if (group.lane == 0) loss[t] = sum;
  });
}

}  // namespace

void CudaLoss::cross_entropy(View loss, View dlogits, ConstView logits, ConstView targets, double scale) {
  with_real(logits.dtype, [&]<class T>() {
    cross_entropy_rows<T>(runtime_, loss.as<T>(), dlogits ? dlogits.as<T>() : nullptr, logits.as<T>(),
                          targets.as<std::int32_t>(), static_cast<T>(scale), logits.dim(0), logits.dim(1));
  });
}

void CudaLoss::squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) {
  with_real(y.dtype, [&]<class T>() {
    squared_error_rows<T>(runtime_, loss.as<T>(), dy ? dy.as<T>() : nullptr, y.as<T>(), targets.as<T>(),
                          static_cast<T>(2 * scale), y.dim(0), y.dim(1));
  });
}

}  // namespace moe::cuda
