// SPDX-License-Identifier: Apache-2.0
#include "engine/backend/cuda/loss.h"

#include "engine/backend/cuda/packs.h"

namespace moe::cuda {
namespace {

/// One group per row: largest, sum of exponentials, then the gradient. dlogits may be null, and may be the logits.
template <int N, class T, class S>
void cross_entropy_rows(Runtime& runtime, T* loss, S* dlogits, const T* logits, const std::int32_t* targets, T scale,
                        std::int64_t rows, std::int64_t v) {
  for_rows(runtime, rows, v, [=] __device__(std::int64_t t, auto group) {
    const std::int32_t target = targets[t];
    const std::int64_t first = group.lane * N, step = group.size * N;
    if (target < 0) {
      for (std::int64_t c = first; dlogits && c < v; c += step) store(dlogits + t * v + c, Pack<T, N>{});
      if (group.lane == 0) loss[t] = T(0);
      return;
    }
    T largest = minus_infinity<T>(), sum = 0, chosen = 0;
    for (std::int64_t c = first; c < v; c += step) {
      const auto x = load<N>(logits + t * v + c);
      for (int i = 0; i < N; ++i) {
        largest = x.at[i] > largest ? x.at[i] : largest;
        if (c + i == target) chosen = x.at[i];  // the other threads hold 0
      }
    }
    largest = group.largest(largest);
    chosen = group.sum(chosen);
    for (std::int64_t c = first; c < v; c += step) {
      const auto x = load<N>(logits + t * v + c);
      for (int i = 0; i < N; ++i) sum += exponential(x.at[i] - largest);
    }
    sum = group.sum(sum);
    const T factor = scale / sum;
    for (std::int64_t c = first; dlogits && c < v; c += step) {
      auto x = load<N>(logits + t * v + c);
      for (int i = 0; i < N; ++i) {
        const T p = exponential(x.at[i] - largest) * factor;
        x.at[i] = c + i == target ? p - scale : p;
      }
      store(dlogits + t * v + c, x);
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
    with_stored<T>(dlogits ? dlogits.dtype : logits.dtype, [&]<class S>() {
      S* gradient = dlogits ? dlogits.as<S>() : nullptr;
      const T* x = logits.as<T>();
      with_width(
          logits.dim(1),
          [&]<int N>() {
            cross_entropy_rows<N>(runtime_, loss.as<T>(), gradient, x, targets.as<std::int32_t>(),
                                  static_cast<T>(scale), logits.dim(0), logits.dim(1));
          },
          gradient, x);
    });
  });
}

void CudaLoss::squared_error(View loss, View dy, ConstView y, ConstView targets, double scale) {
  with_real(y.dtype, [&]<class T>() {
    squared_error_rows<T>(runtime_, loss.as<T>(), dy ? dy.as<T>() : nullptr, y.as<T>(), targets.as<T>(),
                          static_cast<T>(2 * scale), y.dim(0), y.dim(1));
  });
}

}  // namespace moe::cuda
