// SPDX-License-Identifier: Apache-2.0
// Passes over one row, shared by softmax, cross-entropy, attention and routing.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/backend/cpu/vector_math.h"

namespace moe::cpu {

/// The largest element; −inf of an empty row. NaN is skipped here and shows up in the sum of exponentials.
template <class T>
T row_max(const T* x, std::int64_t n) {
  T largest = -std::numeric_limits<T>::infinity();
#pragma omp simd reduction(max : largest)
  for (std::int64_t i = 0; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
  return largest;
}

/// y = e^(x − shift); returns the sum. y may be x.
template <class T>
T exp_row(T* y, const T* x, T shift, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) {
    const T e = fast_exp(x[i] - shift);
    y[i] = e;
    sum += e;
  }
  return sum;
}

template <class T>
T sum_exp_row(const T* x, T shift, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += fast_exp(x[i] - shift);
  return sum;
}

template <class T>
void scale_row(T* x, T factor, std::int64_t n) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) x[i] *= factor;
}

template <class T>
T dot_row(const T* x, const T* y, std::int64_t n) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i] * y[i];
  return sum;
}

/// Insertion into the k best so far, kept in descending order. An element only passes strictly smaller ones, so ties
/// stay with the lower index; the first k are always taken, so ids are distinct even when every score is NaN.
template <class T>
void top_k_row(std::int32_t* ids, T* best, const T* scores, std::int64_t n, std::int32_t k) {
  std::int32_t held = 0;
  for (std::int64_t e = 0; e < n; ++e) {
    const T score = std::isnan(scores[e]) ? -std::numeric_limits<T>::infinity() : scores[e];
    if (held == k && !(score > best[k - 1])) continue;
    std::int32_t at = held < k ? held++ : k - 1;
    for (; at > 0 && score > best[at - 1]; --at) {
      best[at] = best[at - 1];
      ids[at] = ids[at - 1];
    }
    best[at] = score;
    ids[at] = static_cast<std::int32_t>(e);
  }
}

}  // namespace moe::cpu
