// SPDX-License-Identifier: Apache-2.0
// Reductions over one row, shared by softmax, cross-entropy and attention.
#pragma once
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

}  // namespace moe::cpu
